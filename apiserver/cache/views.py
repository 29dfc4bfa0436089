"""How watch events look on the wire.

Mirrors: metav1.WatchEvent and endpoints/handlers/watch.go's framing. A view is rendered once per event and shared by
all who watch through it; Table and PartialObjectMetadata views are the API routes', these are the plain ones.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import orjson

from minik8s.apiserver.cache.interface import ResourceInfo, View


class JsonLines:
    """`{"type":…,"object":…}` and a newline: the object as it is stored."""

    key: Hashable = "json"

    def render(self, type: str, data: bytes) -> bytes:
        return b'{"type":"%b","object":%b}\n' % (type.encode(), data)


class Chunked:
    """Another view, each event as one HTTP/1.1 chunk, ready to be written to the raw transport."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.key: Hashable = ("chunked", view.key)

    def render(self, type: str, data: bytes) -> bytes:
        frame = self._view.render(type, data)
        return b"%x\r\n%b\r\n" % (len(frame), frame)


def chunked(view: View) -> View:
    return Chunked(view)


JSON_LINES = JsonLines()
JSON_CHUNKED = Chunked(JSON_LINES)


def render_bookmark(info: ResourceInfo, revision: int, annotations: Mapping[str, str] | None = None) -> bytes:
    """The object of a BOOKMARK event: bare but for the version."""
    metadata: dict[str, object] = {"resourceVersion": str(revision), "creationTimestamp": None}
    if annotations:
        metadata["annotations"] = annotations
    return orjson.dumps({"kind": info.kind, "apiVersion": info.api_version, "metadata": metadata})
