"""The controllers: loops that drive the cluster from what is to what was asked for.

Mirrors upstream's pkg/controller. Each controller watches a few kinds, keeps a queue of keys, and for a key reads the
cache, computes what is missing (pure `compute_*` functions), and writes it with compare-and-swap. Nothing here talks to
another component: the API server is the only table they share.

Reading order: `pods` and `owners` (facts all controllers need), `replicas/` (the simplest whole controller),
`deployment/` (pure planning over it), then any other; `manager` runs them all.
"""
