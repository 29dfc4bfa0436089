"""Table rows: what `kubectl get` shows, as upstream's `pkg/printers/internalversion/printers.go` prints it.

`table_row(kind, obj, now)` gives one cell per column of the scheme, wide (priority 1) columns included. Printers are
pure functions from an object in wire form and the time to cells; kinds without one are printed by their columns'
names (Name, Age, Created At) or JSON paths (custom resources).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind

Printer = Callable[[dict[str, Any], float], list[Any]]

_MODULES = ("pods", "workloads", "network", "core", "cluster")


@cache
def _printers() -> dict[tuple[str, str], Printer]:
    found: dict[tuple[str, str], Printer] = {}
    for name in _MODULES:
        found.update(import_module(f"minik8s.apiserver.printers.{name}").PRINTERS)
    return found


def table_row(kind: Kind, obj: dict[str, Any], now: float) -> list[Any]:
    """The cells of one object; `now` is epoch seconds."""
    printer = _printers().get((kind.group, kind.kind))
    if printer is not None:
        return printer(obj, now)
    from minik8s.apiserver.printers.generic import generic_row

    return generic_row(kind, obj, now)
