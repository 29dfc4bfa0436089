"""Content negotiation: which form of the answer a client takes.

Mirrors staging/src/k8s.io/apiserver/pkg/endpoints/handlers/negotiation. Answers are JSON (or YAML when that is all
that is asked for); a client may ask for a Table or for PartialObjectMetadata instead of the object. Protobuf is read
from requests, not written: clients that prefer it name JSON as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from minik8s.api.status import NotAcceptable

ACCEPTED = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
CONVERTIBLE = {"Table", "PartialObjectMetadata", "PartialObjectMetadataList"}


@dataclass(frozen=True, slots=True)
class Form:
    """``convert``: "" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList", with meta.k8s.io's version."""

    convert: str = ""
    version: str = "v1"
    yaml: bool = False

    @property
    def plain(self) -> bool:
        return not self.convert and not self.yaml


PLAIN = Form()
_ALWAYS_PLAIN = frozenset({b"", b"*/*", b"application/json", b"application/json, */*", b"application/json;*/*"})


def negotiate(accept: bytes) -> Form:
    """The first clause that can be served; 406 when none can."""
    return PLAIN if accept in _ALWAYS_PLAIN else _negotiate(accept)


@lru_cache(maxsize=256)
def _negotiate(accept: bytes) -> Form:
    clauses = [_parse(clause) for clause in accept.decode("latin1").split(",") if clause.strip()]
    clauses.sort(key=lambda clause: -_quality(clause[1]))
    for media_type, parameters in clauses:
        form = _form(media_type, parameters)
        if form is not None:
            return form
    raise NotAcceptable.of(ACCEPTED)


def _parse(clause: str) -> tuple[str, dict[str, str]]:
    media_type, *rest = (part.strip() for part in clause.split(";"))
    return media_type.lower(), dict(part.partition("=")[::2] for part in rest if part)


def _quality(parameters: dict[str, str]) -> float:
    try:
        return float(parameters.get("q", "1"))
    except ValueError:
        return 1.0


def _form(media_type: str, parameters: dict[str, str]) -> Form | None:
    if media_type not in ("application/json", "application/yaml", "*/*", "application/*", "text/yaml"):
        return None
    yaml = media_type.endswith("/yaml")
    convert = parameters.get("as", "")
    if not convert:
        return Form(yaml=yaml) if yaml else PLAIN
    if (
        convert not in CONVERTIBLE
        or parameters.get("g") != "meta.k8s.io"
        or parameters.get("v") not in ("v1", "v1beta1")
    ):
        return None
    return Form(convert, parameters["v"], yaml)
