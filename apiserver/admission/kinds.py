"""The kinds that plugins look up, found in the scheme once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from minik8s.api.scheme import SCHEME

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind


@cache
def kind_of(name: str, group: str = "", version: str = "v1") -> Kind:
    """`kind_of("Pod")`, `kind_of("StorageClass", "storage.k8s.io")`."""
    kind = SCHEME.by_kind(group, version, name)
    if kind is None:
        raise LookupError(f"{group}/{version} {name} is not in the scheme")
    return kind
