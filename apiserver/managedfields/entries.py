"""metadata.managedFields, decoded: who owns which fields, in which version, since when.

Mirrors apimachinery/pkg/util/managedfields/internal/{managedfields,buildmanagerinfo,capmanagers}.go.

A manager is told apart by its name, operation, subresource and, unless it applies, its apiVersion. Sets stay in the
JSON form in which they are stored (see `sets`), so that decoding an entry costs nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from minik8s.api.times import parse_time
from minik8s.apiserver.managedfields.sets import FieldSet, normalized, union

APPLY, UPDATE = "Apply", "Update"
MAX_UPDATE_MANAGERS = 10
ANCIENT = "ancient-changes"
UNKNOWN = "unknown"
MAX_MANAGER_LENGTH = 128

Entry = dict[str, Any]


class Manager(NamedTuple):
    """A manager's identity; ``api_version`` is empty for those that apply: a new version keeps their fields."""

    name: str
    operation: str
    api_version: str
    subresource: str

    def identifier(self) -> str:
        """Upstream's identifier, by which conflicts are sorted."""
        known = {"manager": self.name, "operation": self.operation, "apiVersion": self.api_version,
                 "subresource": self.subresource}  # fmt: skip
        return orjson.dumps({key: value for key, value in known.items() if value}).decode()

    def __str__(self) -> str:
        """As conflicts print it: `"kubectl" using apps/v1`."""
        text = orjson.dumps(self.name).decode()
        if self.subresource:
            text += f" with subresource {orjson.dumps(self.subresource).decode()}"
        return f"{text} using {self.api_version}" if self.operation == UPDATE else text


@dataclass(frozen=True, slots=True)
class Owned:
    """What a manager owns."""

    fields: FieldSet
    api_version: str
    time: str | None = None

    def with_fields(self, fields: FieldSet) -> Owned:
        return replace(self, fields=fields)


Managed = dict[Manager, Owned]


def manager_of(name: str, operation: str, api_version: str, subresource: str) -> Manager:
    return Manager(name or UNKNOWN, operation, "" if operation == APPLY else api_version, subresource)


@lru_cache(maxsize=1024)
def name_from_user_agent(agent: str) -> str:
    """`kubectl/v1.33 (linux/amd64)` → `kubectl`: what precedes the first slash, printable, at most 128 bytes."""
    name = ""
    for character in agent.partition("/")[0]:
        if character.isprintable():
            if len((name + character).encode()) > MAX_MANAGER_LENGTH:
                break
            name += character
    return name


# -- decoding ------------------------------------------------------------------------------------------------------


def decode(entries: list[Entry], trusted: bool = True) -> Managed:
    """The managers of stored entries; those of a client (not trusted) are checked and brought into canonical form.

    Raises ValueError.
    """
    managed: Managed = {}
    for index, entry in enumerate(entries):
        if entry.get("fieldsType") != "FieldsV1":
            given = entry.get("fieldsType")
            problem = f'invalid fieldsType "{given}"' if given else "missing fieldsType"
            raise ValueError(f"failed to convert managed fields from API: {problem} in managed fields entry {index}")
        fields = entry.get("fieldsV1") or {}
        api_version = entry.get("apiVersion", "")
        manager = Manager(
            entry.get("manager", ""),
            entry.get("operation", ""),
            "" if entry.get("operation") == APPLY else api_version,
            entry.get("subresource", ""),
        )
        managed[manager] = Owned(fields if trusted else normalized(fields), api_version, entry.get("time"))
    return managed


def is_reset(entries: list[Entry] | None) -> bool:
    """Whether a client asks for ownership to be forgotten: an empty list, or one empty entry."""
    return entries is not None and (not entries or (len(entries) == 1 and not entries[0]))


_EMPTY_LIST = re.compile(rb'"managedFields"\s*:\s*\[\s*\]')


def keep_reset(body: bytes, meta: dict[str, Any]) -> None:
    """Restore the empty list of a body, which decoding has dropped."""
    if b'"managedFields"' in body and "managedFields" not in meta and _EMPTY_LIST.search(body):
        meta["managedFields"] = [{}]


# -- encoding ------------------------------------------------------------------------------------------------------


def encode(managed: Managed) -> list[Entry]:
    """The entries in upstream's order: those that apply first, then by time, name, version."""
    if len(managed) > 1:
        items = sorted(managed.items(), key=_order)
    else:
        items = list(managed.items())
    return [_encode(manager, owned) for manager, owned in items]


def _order(item: tuple[Manager, Owned]) -> tuple[str, str, str, str, str]:
    manager, owned = item
    return manager.operation, owned.time or "", manager.name, owned.api_version, manager.subresource


def _encode(manager: Manager, owned: Owned) -> Entry:
    entry: Entry = {"manager": manager.name, "operation": manager.operation, "apiVersion": owned.api_version}
    if owned.time:
        entry["time"] = owned.time
    entry["fieldsType"] = "FieldsV1"
    entry["fieldsV1"] = owned.fields
    if manager.subresource:
        entry["subresource"] = manager.subresource
    return entry


# -- bounds --------------------------------------------------------------------------------------------------------


def cap_updaters(managed: Managed) -> None:
    """Join the oldest updaters, version by version, until at most ten are left. Subresources are not told apart."""
    updaters = [manager for manager in managed if manager.operation != APPLY]
    excess = len(updaters) - MAX_UPDATE_MANAGERS
    if excess <= 0:
        return
    updaters.sort(key=lambda manager: (_seconds(managed[manager].time), manager.identifier()))
    first_of_version: dict[str, Manager] = {}
    for manager in updaters:
        if excess <= 0:
            return
        version = managed[manager].api_version
        if version not in first_of_version:
            first_of_version[version] = manager
            continue
        bucket = Manager(ANCIENT, UPDATE, version, "")
        if bucket not in managed:
            managed[bucket] = managed.pop(first_of_version[version])
        mine = managed.pop(manager)
        managed[bucket] = Owned(union(mine.fields, managed[bucket].fields), version, mine.time)
        excess -= 1


def _seconds(time: str | None) -> float:
    return parse_time(time) if time else 0.0
