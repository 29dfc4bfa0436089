"""The informer's memory: objects as bytes, decoded on access, with named indexes.

Mirrors client-go tools/cache/thread_safe_store.go. Ten thousand pods are 33 MB as bytes and 310 MB as models, so
bytes are kept, and a bounded cache holds what was decoded last. With `project`, a function of the raw dict, only its
(small) result is kept instead; the scheduler does that.

Invariant: an index holds exactly the keys whose object, as stored now, has that value.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
IndexFunc = Callable[[Any], Iterable[str]]

DECODED_MAX = 1024


@dataclass(slots=True)
class Entry:
    """One object at rest. `kept` is its bytes, or its projection."""

    resource_version: str
    uid: str
    namespace: str
    kept: Any


class Store(Generic[T]):
    """Objects by `namespace/name`."""

    def __init__(self, decode: Callable[[bytes], T] | None, decoded_max: int = DECODED_MAX) -> None:
        self._decode = decode
        self._decoded_max = decoded_max
        self._entries: dict[str, Entry] = {}
        self._decoded: OrderedDict[str, T] = OrderedDict()
        self._functions: dict[str, IndexFunc] = {}
        self._indexes: dict[str, dict[str, set[str]]] = {}
        self._by_namespace: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def keys(self) -> list[str]:
        return list(self._entries)

    def add_index(self, name: str, function: IndexFunc) -> None:
        """Add an index; what is stored already is indexed now."""
        self._functions[name] = function
        self._indexes[name] = {}
        for key in self._entries:
            self._index_one(name, key, self.get(key))

    def entry(self, key: str) -> Entry | None:
        return self._entries.get(key)

    def get(self, key: str) -> T | None:
        """The object, decoded if need be; read-only."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if self._decode is None:
            value: T = entry.kept
            return value
        decoded = self._decoded.get(key)
        if decoded is None:
            decoded = self._decoded[key] = self._decode(entry.kept)
            if len(self._decoded) > self._decoded_max:
                self._decoded.popitem(last=False)
        else:
            self._decoded.move_to_end(key)
        return decoded

    def put(self, key: str, entry: Entry) -> None:
        """Store or replace an object."""
        self._unindex(key)
        self._entries[key] = entry
        self._decoded.pop(key, None)
        self._by_namespace.setdefault(entry.namespace, set()).add(key)
        if self._functions:
            value = self.get(key)
            for name in self._functions:
                self._index_one(name, key, value)

    def remove(self, key: str) -> None:
        self._unindex(key)
        entry = self._entries.pop(key, None)
        self._decoded.pop(key, None)
        if entry is not None:
            members = self._by_namespace[entry.namespace]
            members.discard(key)
            if not members:
                del self._by_namespace[entry.namespace]

    def list(self, namespace: str | None = None) -> Iterator[T]:
        """All objects, or a namespace's."""
        keys = self.keys() if namespace is None else list(self._by_namespace.get(namespace, ()))
        for key in keys:
            value = self.get(key)
            if value is not None:
                yield value

    def index_keys(self, index: str, value: str) -> set[str]:
        """The keys under one value of an index; a copy."""
        return set(self._indexes[index].get(value, ()))

    def index_values(self, index: str) -> Iterable[str]:
        """The values that an index has now."""
        return self._indexes[index].keys()

    def _index_one(self, name: str, key: str, value: T | None) -> None:
        for index_value in self._functions[name](value):
            self._indexes[name].setdefault(index_value, set()).add(key)

    def _unindex(self, key: str) -> None:
        if not self._functions or key not in self._entries:
            return
        value = self.get(key)
        for name, function in self._functions.items():
            index = self._indexes[name]
            for index_value in function(value):
                members = index.get(index_value)
                if members is not None:
                    members.discard(key)
                    if not members:
                        del index[index_value]
