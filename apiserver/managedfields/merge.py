"""An applied configuration laid over the live object.

Mirrors structured-merge-diff/v4/typed/merge.go. Nothing is removed here; where both say something, the configuration
wins. Items of an associative list come in the configuration's order, those that only the live list has stay where they
were among them. Inputs are never changed; the result shares parts with both.
"""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.managedfields.fieldset import element_of
from minik8s.apiserver.managedfields.schema import LIST, MAP, Node, resolve


def merge(live: Any, config: Any, node: Node) -> Any:
    """``live`` with what ``config`` says."""
    live_node, node = resolve(node, live), resolve(node, config)
    if config is None:
        node = live_node  # null takes the form of what is there
    if node.leaf or (live_node is not node and live is not None):
        return config
    if node.shape is MAP:
        if not config and live:  # null and {} say nothing about what is there
            return live
        return _merge_maps(live, config, node) if isinstance(live, dict) and live else config
    if node.shape is LIST:
        if not config and live:
            return live
        return _merge_lists(live, config, node) if isinstance(live, list) and live else config
    return config


def _merge_maps(live: dict[str, Any], config: dict[str, Any], node: Node) -> dict[str, Any]:
    out = dict(live)
    for name, value in config.items():
        out[name] = merge(live[name], value, node.child(name)) if name in live else value
    return out


def _merge_lists(live: list[Any], config: list[Any], node: Node) -> list[Any]:
    """Walk both orders at once; an item of both stands where the configuration has it."""
    child = node.child("")
    mine: dict[str, list[Any]] = {}
    for item in live:
        mine.setdefault(element_of(node, item), []).append(item)
    theirs = {element_of(node, item): item for item in config}
    shared = [element for element in theirs if element in mine]
    live_order, config_order = list(mine), list(theirs)
    out: list[Any] = []
    at_live = at_config = 0

    def take_config(element: str) -> None:
        items = mine.get(element, [])
        out.append(merge(items[0], theirs[element], child) if len(items) == 1 else theirs[element])
        if shared and shared[0] == element:
            shared.pop(0)

    while at_live < len(live_order) or at_config < len(config_order):
        if at_live < len(live_order) and at_config < len(config_order):
            element = live_order[at_live]
            if element == config_order[at_config]:
                take_config(element)
                at_live, at_config = at_live + 1, at_config + 1
                continue
            if element in theirs and shared and shared[0] != element:
                at_live += 1  # comes later in the configuration's order
                continue
        if at_live < len(live_order) and live_order[at_live] not in theirs:
            out += mine[live_order[at_live]]
            at_live += 1
        elif at_config < len(config_order):
            take_config(config_order[at_config])
            at_config += 1
        else:
            at_live += 1
    return out
