"""Devices that containers get exclusively: which exist, who holds which.

Mirrors upstream pkg/kubelet/cm/devicemanager, without its checkpoint file: the allocation is written as a label on
the container that holds the device, and nowhere else. `ledger` (pure) keeps the books, `nvidia` and `fake` find
GPUs. The device plugin gRPC API is not served yet.
"""
