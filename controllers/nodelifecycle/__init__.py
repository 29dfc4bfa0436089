"""Node lifecycle: notice nodes that fell silent, taint them, move their pods elsewhere.

Mirrors upstream's pkg/controller/nodelifecycle and (v1.33) pkg/controller/tainteviction. Defaults are v1.33's: a node
that neither renewed its lease nor posted a status for 50 s (40 s in 1.20) is Unknown.

`health` judges one node, `taints` what it should carry, `zones` how fast a zone may be evicted (all pure); `monitor`
is the loop over nodes, `eviction` the one over pods on tainted nodes.
"""
