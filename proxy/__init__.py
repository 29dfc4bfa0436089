"""The service proxy: services and their endpoints in, packet rules (or listening sockets) out.

Mirrors upstream's kube-proxy (``cmd/kube-proxy``, ``pkg/proxy``). One loop: any change marks dirty, after a short
settle ``rules.render`` gives text, and ``iptables.apply`` puts the difference into the kernel in one atomic restore.
"""
