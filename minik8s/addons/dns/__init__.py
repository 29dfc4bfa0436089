"""Cluster DNS: names of services, endpoints and pods, answered from watches; other names go to the host's resolvers.

Mirrors CoreDNS with its ``kubernetes`` and ``forward`` plugins, and the Kubernetes DNS specification 1.1. Read in this
order: ``names`` (what a name means), ``records`` (what is known), ``answer`` (the pure core), ``message`` (bytes),
``forward``, ``server``, ``publish`` (how pods find it), ``command``.
"""
