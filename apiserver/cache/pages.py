"""Continue tokens: where the next page of a list begins, and at which revision.

Mirrors: encodeContinue/decodeContinue and the compaction errors of storage/etcd3 (store.go, errors.go). The token is
upstream's: URL-safe base64 of `{"v":"meta.k8s.io/v1","rv":N,"start":"name\\u0000"}`, start relative to the listed
prefix; rv -1 means "at the present revision" (the inconsistent way on after the asked-for revision expired).
"""

from __future__ import annotations

import base64
import binascii
import posixpath

import orjson

from minik8s.apiserver.cache.interface import BadRequestError, ResourceExpired

VERSION = "meta.k8s.io/v1"
LIST_EXPIRED = "The resourceVersion for the provided list is too old."
CONTINUE_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


def encode_continue(next_key: str, prefix: str, revision: int) -> str:
    token = orjson.dumps({"v": VERSION, "rv": revision, "start": next_key.removeprefix(prefix)})
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode()


def decode_continue(token: str, prefix: str) -> tuple[str, int]:
    """The key to start from and the revision (-1: the present one)."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        parsed = orjson.loads(raw)
        version, revision, start = parsed["v"], parsed.get("rv", 0), parsed.get("start", "")
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _bad(str(error)) from None
    if version != VERSION:
        raise _bad(f'server does not recognize this encoded version "{version}"')
    if not isinstance(revision, int) or revision == 0:
        raise _bad(f"incorrect encoded start resourceVersion (version {VERSION})")
    if not isinstance(start, str) or not start:
        raise _bad(f"encoded start key empty (version {VERSION})")
    # No climbing out of the prefix that the client may read.
    rooted = start if start.startswith("/") else "/" + start
    if posixpath.normpath(rooted) != rooted:
        raise _bad(start)
    return prefix + rooted[1:], revision


def _bad(why: str) -> BadRequestError:
    return BadRequestError(f"invalid continue token: continue key is not valid: {why}")


def list_expired() -> ResourceExpired:
    return ResourceExpired(LIST_EXPIRED)


def continue_expired(start: str, prefix: str) -> ResourceExpired:
    return ResourceExpired(CONTINUE_EXPIRED, encode_continue(start, prefix, -1))


def parse_version(text: str) -> int:
    """A resourceVersion parameter as a number."""
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and int(text) < 1 << 64):
        raise BadRequestError(f"invalid resource version: strconv.ParseUint: parsing {quoted(text)}: invalid syntax")
    return int(text)


def quoted(text: str) -> str:
    return orjson.dumps(text).decode()
