"""Strategic merge patch: a merge patch that knows which lists are sets and maps.

Mirrors: staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go (StrategicMergeMapPatch). What it adds to a
merge patch:

* a list with a merge key is merged element by element, a list of scalars with merge strategy as a set;
* `$patch: replace | delete` in a map (or in an element of a merged list) replaces or empties (removes) it;
* `$deleteFromPrimitiveList/x: […]` takes scalars out of the merged list x;
* `$setElementOrder/x: […]` says the order of x; elements that only the server has keep their place among them;
* `$retainKeys: […]` names the only keys of the map that stay.

Differs: where the original lacks a map or list, the patch's value is applied to an empty one, so that directives in
it act (and do not end up in the object); a malformed patch is always answered with 400, where upstream's answer to some
is 500. Left out: computing patches (kubectl does), and merging patches into patches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minik8s.api.base import Model
from minik8s.api.status import BadRequest
from minik8s.apiserver.patch.plain import JsonObject, copy_json, go_text, rejected
from minik8s.apiserver.patch.schema import UNKNOWN, FieldRules, Schema, schema_of

DIRECTIVE = "$patch"
RETAIN_KEYS = "$retainKeys"
DELETE_PREFIX = "$deleteFromPrimitiveList/"
ORDER_PREFIX = "$setElementOrder/"
BAD_ORDER = "invalid patch format of setElementOrder list"
BAD_RETAIN_KEYS = "invalid patch format of retainKeys"
BAD_PRIMITIVES = "invalid patch format of primitive list"
LISTS_OF_LISTS = "lists of lists are not supported"


def apply(original: JsonObject, patch: JsonObject, model: type[Model] | Schema) -> JsonObject:
    """The original with the patch merged in, as the model (or any schema) says."""
    schema = schema_of(model) if isinstance(model, type) else model
    return _merge_map(copy_json(original), copy_json(patch), schema)


def _merge_map(original: JsonObject, patch: JsonObject, schema: Schema | None) -> JsonObject:
    """Merge in place."""
    if DIRECTIVE in patch:
        return _replace_or_delete(patch)
    _retain_keys(original, patch)
    ordered = _merge_ordered_lists(original, patch, schema)
    for key, value in patch.items():
        if key.startswith(ORDER_PREFIX) or key in ordered:
            continue
        if key.startswith(DELETE_PREFIX):
            _delete_from_primitives(original, key.removeprefix(DELETE_PREFIX), value)
        elif value is None:
            original.pop(key, None)
        else:
            original[key] = _merge_value(original.get(key), value, _rules(schema, key))
    return original


def _rules(schema: Schema | None, key: str) -> FieldRules:
    return schema.field(key) if schema is not None else UNKNOWN


def _merge_value(original: Any, patch: Any, rules: FieldRules) -> Any:
    """The value after the patch. An original of another type (or none) does not count."""
    if isinstance(patch, dict):
        return _merge_map(original if isinstance(original, dict) else {}, patch, rules.schema)
    if isinstance(patch, list) and rules.merges:
        return _merge_list(original if isinstance(original, list) else [], patch, rules)
    return patch


def _replace_or_delete(patch: JsonObject) -> JsonObject:
    directive = patch.pop(DIRECTIVE)
    if directive == "replace":
        return patch
    if directive == "delete":
        return {}  # an empty struct, not an absent one, as upstream
    raise BadRequest(f"unknown patch type: {go_text(directive)} in map: {go_text({DIRECTIVE: directive, **patch})}")


def _retain_keys(original: JsonObject, patch: JsonObject) -> None:
    """Clear the keys that the patch does not name."""
    if RETAIN_KEYS not in patch:
        return
    keys = patch.pop(RETAIN_KEYS)
    if not isinstance(keys, list):
        raise BadRequest(BAD_RETAIN_KEYS)
    for key, value in patch.items():
        if value is not None and not key.startswith((DELETE_PREFIX, ORDER_PREFIX)) and key not in keys:
            raise BadRequest(BAD_RETAIN_KEYS)
    for key in [key for key in original if key not in keys]:
        del original[key]


def _delete_from_primitives(original: JsonObject, key: str, doomed: Any) -> None:
    if not isinstance(doomed, list):
        raise BadRequest(BAD_PRIMITIVES)
    present = original.get(key)
    if isinstance(present, list):
        original[key] = [value for value in present if value not in doomed]


# --- lists ---


def _merge_list(original: list[Any], patch: list[Any], rules: FieldRules) -> list[Any]:
    """Merge by key or as a set; the patch's elements in the patch's order, the others where they were."""
    if not original and not patch:
        return original
    if not _are_maps(original, patch):
        merged = list(dict.fromkeys([*original, *patch]))
        return _arrange(merged, patch, original, _itself)
    key = _need_merge_key(rules)
    kept, changes = _take_directives(original, patch, rules.merge_key)
    merged = _merge_elements(kept, changes, rules)
    return _arrange(merged, changes, kept, key)


def _are_maps(*lists: list[Any]) -> bool:
    """Are the elements maps? (Or scalars; mixtures and lists of lists are refused.)"""
    elements = [element for elements in lists for element in elements]
    if any(isinstance(element, list) for element in elements):
        raise rejected(LISTS_OF_LISTS)
    maps = sum(isinstance(element, dict) for element in elements)
    if maps not in (0, len(elements)):
        raise BadRequest("list element types are not identical")
    return maps > 0


def _need_merge_key(rules: FieldRules) -> Callable[[Any], Any]:
    if not rules.merge_key:
        raise BadRequest("cannot merge lists without merge key")

    def key_of(element: Any) -> Any:
        if rules.merge_key not in element:
            raise BadRequest(f"map: {go_text(element)} does not contain declared merge key: {rules.merge_key}")
        return _hashable(element[rules.merge_key])

    return key_of


def _itself(element: Any) -> Any:
    return _hashable(element)


def _hashable(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else go_text(value)


def _take_directives(original: list[Any], patch: list[Any], merge_key: str) -> tuple[list[Any], list[Any]]:
    """Act on the elements that carry `$patch`; the rest of the patch remains to be merged."""
    rest: list[Any] = []
    replace = False
    for element in patch:
        directive = element.get(DIRECTIVE)
        if DIRECTIVE not in element:
            rest.append(element)
        elif directive == "delete":
            if merge_key not in element:
                raise BadRequest(f"map: {go_text(element)} does not contain declared merge key: {merge_key}")
            original = [found for found in original if found.get(merge_key) != element[merge_key]]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise BadRequest("merging lists cannot yet be specified in the patch")
        else:
            raise BadRequest(f"unknown patch type: {go_text(directive)} in map: {go_text(element)}")
    return ([] if replace else original), rest


def _merge_elements(original: list[Any], patch: list[Any], rules: FieldRules) -> list[Any]:
    key_of = _need_merge_key(rules)
    merged = list(original)
    place = {_hashable(found.get(rules.merge_key)): at for at, found in reversed(list(enumerate(merged)))}
    for element in patch:
        key = key_of(element)
        if key in place:
            merged[place[key]] = _merge_map(merged[place[key]], element, rules.schema)
        else:
            place[key] = len(merged)
            merged.append(_merge_map({}, element, rules.schema))
    return merged


def _arrange(
    merged: list[Any], order: Sequence[Any], server_order: Sequence[Any], key_of: Callable[[Any], Any]
) -> list[Any]:
    """`merged` with the elements of `order` in that order, and the others, in the server's order, put before the first
    of them that the server has behind them."""
    wanted = _places(order, key_of)
    served = _places(server_order, key_of)
    last = len(merged)
    patched = sorted((e for e in merged if key_of(e) in wanted), key=lambda e: wanted[key_of(e)])
    others = sorted((e for e in merged if key_of(e) not in wanted), key=lambda e: served.get(key_of(e), last))
    result: list[Any] = []
    at = 0
    for element in patched:
        here = served.get(key_of(element), -1)
        while at < len(others) and here >= 0 and 0 <= served.get(key_of(others[at]), -1) < here:
            result.append(others[at])
            at += 1
        result.append(element)
    return result + others[at:]


def _places(elements: Sequence[Any], key_of: Callable[[Any], Any]) -> dict[Any, int]:
    places: dict[Any, int] = {}
    for at, element in enumerate(elements):
        places.setdefault(key_of(element), at)
    return places


# --- $setElementOrder ---


def _merge_ordered_lists(original: JsonObject, patch: JsonObject, schema: Schema | None) -> set[str]:
    """Merge and arrange the lists that have an order directive; returns their names: they are done."""
    done: set[str] = set()
    for directive in [key for key in patch if key.startswith(ORDER_PREFIX)]:
        key, order = directive.removeprefix(ORDER_PREFIX), patch[directive]
        rules = _rules(schema, key)
        present, change = original.get(key), patch.get(key)
        if not isinstance(order, list) or not isinstance(present, list | None) or not isinstance(change, list | None):
            raise BadRequest(BAD_ORDER)
        if change is None and key in patch:
            continue  # null removes the list, whatever its order
        done.add(key)
        server_order = list(present or [])
        doomed = patch.get(DELETE_PREFIX + key)
        merged = list(server_order)
        if change is not None:
            _check_order(change, order, rules)
            merged = _merge_value(server_order, change, rules) if rules.merges else change
        if isinstance(doomed, list):
            merged = [element for element in merged if element not in doomed]
        if present is None and change is None:
            continue
        key_of = _need_merge_key(rules) if _are_maps(merged, order) else _itself
        original[key] = _arrange(merged, order, server_order, key_of)
    return done


def _check_order(change: list[Any], order: list[Any], rules: FieldRules) -> None:
    """The patch's elements must be in the order list, in that order."""
    if not change or not order:
        return
    key_of = _need_merge_key(rules) if _are_maps(change, order) else _itself
    places = iter([key_of(element) for element in order])
    for element in change:
        if isinstance(element, dict) and DIRECTIVE in element:
            continue
        wanted = key_of(element)
        if not any(place == wanted for place in places):
            lists = f"{go_text(change)}\n doesn't match $setElementOrder list:\n{go_text(order)}\n"
            raise BadRequest(f"The order in patch list:\n{lists}")
