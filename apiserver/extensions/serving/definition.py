"""All versions of one definition as they are served.

Mirrors crdInfo of apiextensions-apiserver/pkg/apiserver/customresource_handler.go. A ServedDefinition does not change:
when the definition's spec or accepted names do, another one takes its place, and its watches are closed.
"""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.extensions.conversion import Converter
from minik8s.apiserver.extensions.definition import facts
from minik8s.apiserver.extensions.serving.kind import CustomKind, make_kind

Json = dict[str, Any]


class ServedDefinition:
    """`since`: objects written after this revision were written by this definition's rules."""

    def __init__(self, definition: Json, since: int, converter: Converter) -> None:
        self.name: str = definition["metadata"]["name"]
        self.uid: str = definition["metadata"].get("uid") or ""
        self.since = since
        self.converter = converter
        self.storage_version = facts.storage_version(definition)
        self.identity = identity(definition)
        terminating = facts.is_true(definition, facts.TERMINATING)
        self.versions: dict[str, CustomKind] = {
            version["name"]: make_kind(self, definition, version, terminating) for version in facts.versions(definition)
        }
        self.storage_kind = self.versions[self.storage_version]
        self.served = [kind for kind in self.versions.values() if kind.version_spec.get("served")]

    @property
    def prefix(self) -> str:
        """The storage prefix, with its slash."""
        return self.storage_kind.storage_prefix + "/"


def identity(definition: Json) -> Json:
    """What a change of makes another ServedDefinition."""
    status = definition.get("status") or {}
    return {
        "uid": definition["metadata"].get("uid"),
        "spec": definition["spec"],
        "names": status.get("acceptedNames"),
        "terminating": facts.is_true(definition, facts.TERMINATING),
    }
