"""The kubelet: the agent that turns pods bound to its node into running containers, and reports what it sees.

Mirrors upstream pkg/kubelet. Read in this order: `actions` (what should be done, pure), `status` (what is said
about it, pure), `pod_worker` (one task per pod drives both), `sync_loop` (what wakes the tasks), then the parts
that they call: `env`, `volumes/`, `probes`, `images`, `devices/`, `node`.

Invariants held everywhere in this package:
- the container runtime is the memory: labels on containers say which pod, which container, which attempt and which
  devices they are, so that a new kubelet process adopts what the old one left running;
- a pod that is absent from an unsynced list is not deleted;
- a pod object is removed from the API only after its containers are gone and its volumes are unmounted.
"""
