"""DaemonSet: one pod on every node that wants it.

Mirrors upstream's pkg/controller/daemon. `placement` says on which nodes, `plan` what to create and delete (pure);
`controller` does it. The pod is bound to its node by an affinity that the scheduler obeys, not by nodeName.
"""
