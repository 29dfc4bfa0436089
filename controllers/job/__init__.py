"""Job: run pods until enough of them have succeeded.

Mirrors upstream's pkg/controller/job (v1.33's way of counting, with tracking finalizers on pods). `tally` counts,
`indexes` writes sets of completion indexes, `plan` decides (all pure); `controller` acts.

Left out: backoffLimitPerIndex, successPolicy, podFailurePolicy's FailIndex.
"""
