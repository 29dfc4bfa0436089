"""Label selectors of objects as predicates over labels, compiled once per selector.

Mirrors metav1.LabelSelectorAsSelector: an absent selector matches nothing, an empty one everything.
"""

from collections.abc import Callable
from functools import lru_cache

import orjson

from minik8s.api.meta import LabelSelector
from minik8s.api.selectors import LabelSelector as Selector

Matcher = Callable[[dict[str, str]], bool]


def matches_nothing(labels: dict[str, str]) -> bool:
    return False


def matcher_of(selector: LabelSelector | None) -> Matcher:
    """The predicate of a selector field."""
    if selector is None:
        return matches_nothing
    return _compiled(orjson.dumps(selector.to_dict(), option=orjson.OPT_SORT_KEYS))


@lru_cache(maxsize=4096)
def _compiled(selector: bytes) -> Matcher:
    return Selector.from_model(LabelSelector.from_json(selector)).matches


def matcher_of_map(wanted: dict[str, str]) -> Matcher:
    """The predicate of a map selector (Service, ReplicationController): empty matches nothing."""
    return lambda labels: bool(wanted) and wanted.items() <= labels.items()
