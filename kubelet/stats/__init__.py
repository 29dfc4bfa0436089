"""What a node tells in figures: one collector, and one renderer for each page that reads it.

    collector   one look at the runtime, /proc and the disk → a Snapshot (`model`); rates come of two looks (`rates`)
    summary     /stats/summary            resource   /metrics/resource        cadvisor   /metrics/cadvisor
    dcgm        /metrics/dcgm             kubelet_metrics   /metrics          exposition Prometheus' text format

Mirrors pkg/kubelet/stats, pkg/kubelet/server/stats and pkg/kubelet/metrics. Nothing is measured unless somebody asks.
Renderers are pure.
"""
