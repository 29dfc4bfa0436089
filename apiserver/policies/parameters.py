"""The parameter objects of a binding.

Mirrors CollectParams of policy/generic/policy_dispatcher.go. A list with one None: the policy is evaluated without
parameters; an empty list: it is not evaluated at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minik8s.api.selectors import LabelSelector
from minik8s.apiserver.policies.definition import Binding, Policy

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind
    from minik8s.apiserver.registry.registry import ServerRegistry

JsonObject = dict[str, Any]


class BindingError(Exception):
    """The binding cannot be used as it is."""


async def collect(
    registry: ServerRegistry, policy: Policy, binding: Binding, namespace: str
) -> list[JsonObject | None]:
    """The parameters for a write in ``namespace``."""
    ref = binding.param_ref
    if policy.param_kind is None or ref is None:
        return [None]
    kind = _find_kind(registry, policy.param_kind)
    where = _namespace(kind, ref, namespace)
    found = await _read(registry, kind, where, ref)
    if not found and ref.get("parameterNotFoundAction") == "Deny":
        raise BindingError("no params found for policy binding with `Deny` parameterNotFoundAction")
    return [*found]


def _find_kind(registry: ServerRegistry, param_kind: JsonObject) -> Kind:
    group, _, version = (param_kind.get("apiVersion") or "").rpartition("/")
    kind = registry.kinds.find_kind(group, version, param_kind.get("kind") or "")
    if kind is None or not kind.storage_prefix:
        shown = f"{param_kind.get('apiVersion')}, Kind={param_kind.get('kind')}"
        raise BindingError(f"paramKind kind `{shown}` not known")
    return kind


def _namespace(kind: Kind, ref: JsonObject, namespace: str) -> str:
    named = ref.get("namespace") or ""
    if not kind.namespaced:
        if named:
            raise BindingError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
        return ""
    if not named and not namespace:
        raise BindingError("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources")
    return named or namespace


async def _read(registry: ServerRegistry, kind: Kind, namespace: str, ref: JsonObject) -> list[JsonObject]:
    if ref.get("name"):
        if ref.get("selector") is not None:
            raise BindingError("paramRef.name and paramRef.selector are mutually exclusive")
        found = await registry.get(kind, namespace, ref["name"])
        return [] if found is None else [found]
    if ref.get("selector") is None:
        raise BindingError("one of name or selector must be provided")
    selector = LabelSelector.from_model(ref["selector"])
    objects = await registry.list(kind, namespace)
    return [obj for obj in objects if selector.matches(obj["metadata"].get("labels"))]
