"""Devices that containers get exclusively: which exist, who holds which, what goes with them.

Mirrors upstream pkg/kubelet/cm/devicemanager, without its checkpoint file: who holds what is written as labels on the
pod's sandbox and containers, and nowhere else. `ledger` (pure) keeps the books, `manager` gives devices out, `nvidia`
and `plugins/` own them, `node` puts one node's together. See docs/processes/gpus.md.
"""
