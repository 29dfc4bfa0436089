"""metrics.k8s.io: what nodes and pods use now, for `kubectl top` and autoscalers. ``minik8s metrics-server``.

    exposition.py  the kubelets' /metrics/resource pages, parsed (pure)
    usage.py       two points of each container and node → cores and bytes in use (pure)
    scrape.py      asks every node, through the API server's node proxy
    api.py         the API: NodeMetrics and PodMetrics, discovery, health (ASGI)
    publish.py     Service, EndpointSlice and APIService, by which the API server finds us

Mirrors kubernetes-sigs/metrics-server. An ordinary client of the API; runs where `minik8s up --addons metrics` says so.
"""
