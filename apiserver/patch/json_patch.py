"""JSON patch, RFC 6902, by the jsonpatch library.

Mirrors: applyJSPatch in staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go. A body that is no list of
operations is a bad request (400); an operation that does not apply, a failed `test` included, is 422; more than 10,000
operations are too many (413).
"""

from __future__ import annotations

from typing import Any

from minik8s.api.status import BadRequest, RequestEntityTooLarge
from minik8s.apiserver.patch.plain import JsonObject, copy_json, rejected

MAX_OPERATIONS = 10_000


def apply(original: JsonObject, patch: Any) -> Any:
    """The original after all operations; none of them if one fails. The result may be any JSON value."""
    import jsonpatch
    from jsonpointer import JsonPointerException

    operations = _check(patch)
    try:
        return jsonpatch.JsonPatch(copy_json(operations)).apply(copy_json(original), in_place=True)
    except (jsonpatch.JsonPatchException, JsonPointerException) as error:
        raise rejected(_first_line(error)) from None
    except (KeyError, TypeError, ValueError, IndexError) as error:
        # The library does not guard every step into a value of the wrong kind.
        raise rejected(f"{type(error).__name__}: {_first_line(error)}") from None


def _check(patch: Any) -> list[JsonObject]:
    if not isinstance(patch, list):
        raise BadRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    for operation in patch:
        if not isinstance(operation, dict):
            raise BadRequest("json: cannot unmarshal into Go value of type jsonpatch.Operation")
    if len(patch) > MAX_OPERATIONS:
        raise RequestEntityTooLarge(
            f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(patch)}"
        )
    return patch


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
