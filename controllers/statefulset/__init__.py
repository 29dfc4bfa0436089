"""StatefulSet: pods with names, order and disks of their own.

Mirrors upstream's pkg/controller/statefulset. `identity` makes a pod for an ordinal, `plan` says what to do next (both
pure), `controller` does it, one step at a time where order matters.

Left out: maxUnavailable in rolling updates (alpha upstream).
"""
