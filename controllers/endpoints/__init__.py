"""Endpoints and EndpointSlices: which pods stand behind a Service, and at which ports.

Mirrors upstream's pkg/controller/endpoint, pkg/controller/endpointslice (staging/src/k8s.io/endpointslice in v1.33) and
pkg/controller/endpointslicemirroring. `targets` says what a pod offers a Service; `subsets` and `slices` lay that out
in the two forms; three controllers write them.

Left out: topology-aware hints beyond trafficDistribution PreferClose, and the trigger-time annotation.
"""
