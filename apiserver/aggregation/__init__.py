"""Aggregation: other API servers behind this one, by apiregistration.k8s.io/v1 APIService objects.

    remote.py        an APIService of another server, parsed; the way to it (address, TLS, who we say we are)
    registration.py  the APIServices of what is served here: kept present (pure plan, small loop)
    availability.py  may a remote be asked? Its checks, with upstream's reasons
    proxy.py         a request passed on: plain, watched or upgraded
    discovery.py     group lists and aggregated discovery with the remotes in them (pure)
    openapi.py       OpenAPI v2 merged, v3 taken over or made of v2 (pure)
    aggregator.py    all of it together: the table of remotes and the loop that keeps it

Mirrors staging/src/k8s.io/kube-aggregator. Left out: authenticating requests that another front proxy sends to us
(--requestheader-* only tell extension servers whom to trust), egress selectors, aggregated discovery documents of
remotes (their per-version lists are read instead).
"""
