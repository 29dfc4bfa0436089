"""What else the scheduler knows of the cluster: objects other than pods and nodes, as dicts, by kind and key.

Filled by the cache's informers; a test fills it by hand. Mirrors the listers that upstream's plugins hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Object = Mapping[str, Any]
Objects = dict[str, Object]


@dataclass(slots=True)
class Listers:
    """Objects by `namespace/name` (or `name`)."""

    claims: Objects = field(default_factory=dict)
    volumes: Objects = field(default_factory=dict)
    classes: Objects = field(default_factory=dict)
    services: Objects = field(default_factory=dict)
    replication_controllers: Objects = field(default_factory=dict)
    replica_sets: Objects = field(default_factory=dict)
    stateful_sets: Objects = field(default_factory=dict)
    budgets: Objects = field(default_factory=dict)
