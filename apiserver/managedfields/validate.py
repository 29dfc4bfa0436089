"""Whether a configuration fits its schema: types, declared fields, list items that can be told apart, each once.

Mirrors structured-merge-diff/v4/typed/{validate,helpers}.go, messages included. Live objects are not checked here:
the API's own validation may allow what apply does not (repeated list items).
"""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.managedfields.elements import NoElement, to_text
from minik8s.apiserver.managedfields.fieldset import element_of
from minik8s.apiserver.managedfields.schema import ANY, BOOLEAN, LIST, MAP, NUMERIC, STRING, Node, resolve

_GO_TYPES = {str: "string", bool: "bool", int: "int64", float: "float64", list: "[]interface {}",
             dict: "map[string]interface {}"}  # fmt: skip


def problems(value: Any, node: Node) -> str:
    """Why the value does not fit, in one text; empty when it does."""
    found: list[str] = []
    _check(value, node, "", found)
    if len(found) < 2:
        return "".join(found)
    return "\n".join(["errors:", *(f"  {text}" for text in found)])


def _check(value: Any, node: Node, path: str, found: list[str]) -> None:
    node = resolve(node, value)
    if value is None or node.shape is ANY:
        return
    if node.shape is MAP:
        _check_map(value, node, path, found)
    elif node.shape is LIST:
        _check_list(value, node, path, found)
    else:
        _check_scalar(value, node, path, found)


def _report(path: str, text: str, found: list[str]) -> None:
    found.append(f"{path}: {text}" if path else text)


def _check_scalar(value: Any, node: Node, path: str, found: list[str]) -> None:
    kind = node.scalar
    if kind == NUMERIC and (isinstance(value, bool) or not isinstance(value, int | float)):
        _report(path, f"expected numeric (int or float), got {_GO_TYPES.get(type(value), 'interface {}')}", found)
    elif kind == STRING and not isinstance(value, str):
        _report(path, f"expected string, got &value.valueUnstructured{{Value:{_go(value)}}}", found)
    elif kind == BOOLEAN and not isinstance(value, bool):
        _report(path, f"expected boolean, got &{{{_go(value)}}}", found)


def _go(value: Any) -> str:
    """About what Go's %v prints."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_go(value[key])}" for key in sorted(value)) + "]"
    return "[" + " ".join(map(_go, value)) + "]" if isinstance(value, list) else str(value)


def _check_map(value: Any, node: Node, path: str, found: list[str]) -> None:
    if not isinstance(value, dict):
        _report(path, f"expected map, got &{{{_go(value)}}}", found)
        return
    for name, item in value.items():
        here = f"{path}.{name}"
        if name not in node.fields and node.element is None:
            _report(here, "field not declared in schema", found)
        else:
            _check(item, node.child(name), here, found)


def _check_list(value: Any, node: Node, path: str, found: list[str]) -> None:
    if not isinstance(value, list):
        _report(path, f"expected list, got &{{{_go(value)}}}", found)
        return
    seen: set[str] = set()
    for index, item in enumerate(value):
        element = f"i:{index}"
        if node.keys or node.unique:
            try:
                element = element_of(node, item)
            except NoElement as error:
                _report(path, f"element {index}: {error}", found)
                return
            if element in seen:
                _report(path, f"duplicate entries for key {to_text(element)}", found)
            seen.add(element)
        _check(item, node.child(""), path + to_text(element), found)
