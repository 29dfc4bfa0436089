"""Table rows: what `kubectl get` shows, as upstream's `pkg/printers/internalversion/printers.go` prints it.

`table_row(kind, obj, now)` gives one cell per column of the scheme, wide (priority 1) columns included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind


def table_row(kind: Kind, obj: dict[str, Any], now: float) -> list[Any]:
    """The cells of one object; `now` is epoch seconds. Kinds without a printer of their own get Name and Age."""
    from minik8s.apiserver.printers.rows import row

    return row(kind, obj, now)
