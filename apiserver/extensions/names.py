"""Which names a definition gets, and whether it is established: its status, computed.

Mirrors apiextensions-apiserver/pkg/controller/{status,establish,apiapproval}. Names of resources and of kinds are taken
once per group; who asks first keeps them. Pure: controller.py writes what is computed here.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from minik8s.api.field_errors import aggregate
from minik8s.apiserver.extensions.definition import facts

Json = dict[str, Any]


def compute_status(definition: Json, others: Iterable[Json], now: str) -> Json | None:
    """The status as it ought to be; None where it is so already. `others`: the other definitions of the group."""
    changed = copy.deepcopy({"metadata": definition["metadata"], "status": definition.get("status") or {}})
    changed["spec"] = definition["spec"]
    _accept_names(changed, others, now)
    _establish(changed, now)
    _approve(changed, now)
    return changed["status"] if changed["status"] != (definition.get("status") or {}) else None


def _accept_names(definition: Json, others: Iterable[Json], now: str) -> None:
    status, wanted = definition["status"], definition["spec"]["names"]
    accepted = _canonical(status.get("acceptedNames") or {})
    if accepted == _canonical(wanted) and facts.is_true(definition, facts.NAMES_ACCEPTED):
        return
    resources, kinds = _taken(others)
    granted, problem = dict(accepted), ("", "")
    for key, taken, reason in (("plural", resources, "PluralConflict"), ("singular", resources, "SingularConflict")):
        problem = _grant(granted, wanted, key, taken, reason) or problem
    problem = _grant_short_names(granted, wanted, resources) or problem
    for key, taken, reason in (("kind", kinds, "KindConflict"), ("listKind", kinds, "ListKindConflict")):
        problem = _grant(granted, wanted, key, taken, reason) or problem
    granted.pop("categories", None)
    if wanted.get("categories"):
        granted["categories"] = wanted["categories"]
    status["acceptedNames"] = {"plural": "", "kind": ""} | granted
    if problem[0]:
        facts.set_condition(definition, now, facts.NAMES_ACCEPTED, "False", *problem)
    else:
        facts.set_condition(definition, now, facts.NAMES_ACCEPTED, "True", "NoConflicts", "no conflicts found")
    if not facts.is_true(definition, facts.ESTABLISHED) and problem[0]:
        text = "not all names are accepted"
        facts.set_condition(definition, now, facts.ESTABLISHED, "False", "NotAccepted", text)


def _canonical(names: Json) -> Json:
    return {key: value for key, value in names.items() if value}


def _taken(others: Iterable[Json]) -> tuple[set[str], set[str]]:
    resources: set[str] = set()
    kinds: set[str] = set()
    for other in others:
        names = (other.get("status") or {}).get("acceptedNames") or {}
        resources |= {names.get("plural") or "", names.get("singular") or "", *(names.get("shortNames") or ())}
        kinds |= {names.get("kind") or "", names.get("listKind") or ""}
    return resources - {""}, kinds - {""}


def _grant(granted: Json, wanted: Json, key: str, taken: set[str], reason: str) -> tuple[str, str] | None:
    """Take the name, or (reason, message) why not."""
    name = wanted.get(key) or ""
    if name != (granted.get(key) or "") and name in taken:
        return reason, f'"{name}" is already in use'
    if name:
        granted[key] = name
    return None


def _grant_short_names(granted: Json, wanted: Json, taken: set[str]) -> tuple[str, str] | None:
    """All short names, or none of the new ones."""
    own, asked = granted.get("shortNames") or [], wanted.get("shortNames") or []
    refused = [f'"{name}" is already in use' for name in asked if name not in own and name in taken]
    if refused:
        return "ShortNamesConflict", aggregate(refused)
    granted.pop("shortNames", None)
    if asked:
        granted["shortNames"] = asked
    return None


def _establish(definition: Json, now: str) -> None:
    """Once established, for ever: later conflicts only keep the new names from being served."""
    if facts.is_true(definition, facts.NAMES_ACCEPTED) and not facts.is_true(definition, facts.ESTABLISHED):
        text = "the initial names have been accepted"
        facts.set_condition(definition, now, facts.ESTABLISHED, "True", "InitialNamesAccepted", text)


def _approve(definition: Json, now: str) -> None:
    if not facts.is_protected(definition["spec"]["group"]):
        return
    status, reason, message = facts.approval(definition["metadata"].get("annotations") or {})
    if not status:
        status, reason = "False", "InvalidAnnotation"
    found = facts.condition(definition, facts.CONFORMANT)
    if found is None or (found["status"], found.get("reason"), found.get("message")) != (status, reason, message):
        facts.set_condition(definition, now, facts.CONFORMANT, status, reason, message)
