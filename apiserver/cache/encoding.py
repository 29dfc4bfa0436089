"""The canonical bytes of an object, and how its revision gets into them.

Mirrors: storage/etcd3's codec and storage.APIObjectVersioner, which decode a stored object, set its resourceVersion
and encode it again for each answer. Here the JSON is written so that the version can be spliced in without decoding:
`kind`, `apiVersion`, then `metadata`, then the rest. What stands before metadata are two strings, and quotes inside a
string are escaped, so the first `"metadata":{` of the text is the object's own.

Left out: protobuf values that a real apiserver may have left in a shared etcd.

At rest (in etcd) objects carry no version, as upstream's; stamped ones have it as the first field of metadata.
"""

from __future__ import annotations

from typing import Any

import orjson

_METADATA = b'"metadata":{'
_VERSION = b'"resourceVersion":"'
_CANONICAL_START = b'{"kind":"'


def encode(obj: dict[str, Any]) -> bytes:
    """The object without its resourceVersion, in canonical order. `obj` is left as it is."""
    metadata = obj["metadata"]
    if "resourceVersion" in metadata:
        metadata = {name: value for name, value in metadata.items() if name != "resourceVersion"}
    ordered = {"kind": obj["kind"], "apiVersion": obj["apiVersion"], "metadata": metadata}
    for name, value in obj.items():
        if name not in ordered:
            ordered[name] = value
    return orjson.dumps(ordered)


def stamp(value: bytes, revision: int) -> bytes:
    """Splice the resourceVersion into bytes that carry none. Values that are no such objects stay as they are."""
    if not value.startswith(_CANONICAL_START):
        value = _recode(value)
    at = value.find(_METADATA)
    if at < 0:
        return value
    at += len(_METADATA)
    comma = b"" if value[at : at + 1] == b"}" else b","
    return b'%b"resourceVersion":"%d"%b%b' % (value[:at], revision, comma, value[at:])


def restamp(data: bytes, revision: int) -> bytes:
    """Replace the version in stamped bytes: a deletion is told with the last state at the deletion's revision."""
    at = data.find(_VERSION)
    if at < 0:
        return data
    at += len(_VERSION)
    end = data.index(b'"', at)
    return b"%b%d%b" % (data[:at], revision, data[end:])


def _recode(value: bytes) -> bytes:
    """Bring JSON that something else wrote (another key order) into canonical order."""
    try:
        obj = orjson.loads(value)
        return encode(obj)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return value
