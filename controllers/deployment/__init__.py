"""Deployment: roll a template over ReplicaSets, one per revision, without losing availability.

Mirrors upstream's pkg/controller/deployment. The decisions are pure: `fenceposts` (how much more and how much less is
allowed), `hashing` and `revisions` (which ReplicaSet is the new one), `rollout` and `proportional` (which sizes next),
`status` and `progress` (what to report); `controller` reads, asks them, and writes.

Left out: `kubectl rollout undo` works on the client's side; the deprecated rollback annotation of extensions/v1beta1
is not read.
"""
