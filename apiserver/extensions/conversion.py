"""Between the versions of a custom resource: nothing but the version's name, or a webhook.

Mirrors apiextensions-apiserver/pkg/apiserver/conversion. What a webhook answers is checked: as many objects as asked
for, in the version asked for, with the same kind, name, namespace and uid; of metadata only labels and annotations may
have changed.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from minik8s.api.status import InternalError

Json = dict[str, Any]
#: Posts a review to the webhook of a client configuration; answers its JSON.
Caller = Callable[[Json, Json], Awaitable[Any]]


class Converter:
    """Strategy None."""

    is_remote = False

    async def convert(self, objects: list[Json], api_version: str) -> list[Json]:
        """The objects in another version, in order, not copied; their apiVersion is the caller's to set."""
        return objects


class WebhookConverter(Converter):
    """Strategy Webhook: one review for all objects that are in another version."""

    is_remote = True

    def __init__(self, settings: Json, call: Caller) -> None:
        self._client: Json = settings.get("clientConfig") or {}
        versions = settings.get("conversionReviewVersions") or []
        self._version = next((version for version in versions if version in ("v1", "v1beta1")), "v1")
        self._call = call

    async def convert(self, objects: list[Json], api_version: str) -> list[Json]:
        asked = [obj for obj in objects if obj.get("apiVersion") != api_version]
        if not asked:
            return objects
        first = asked[0]
        try:
            answers = await self._review(asked, api_version)
            converted = iter([_checked(old, new, api_version) for old, new in zip(asked, answers, strict=True)])
        except ConversionFailed as error:
            group, _, version = str(first.get("apiVersion")).rpartition("/")
            name = f"{group}/{version}, Kind={first.get('kind')}"
            raise InternalError(f"conversion webhook for {name} failed: {error}") from None
        return [obj if obj.get("apiVersion") == api_version else next(converted) for obj in objects]

    async def _review(self, objects: list[Json], api_version: str) -> list[Any]:
        uid = str(uuid.uuid4())
        review = {
            "kind": "ConversionReview",
            "apiVersion": f"apiextensions.k8s.io/{self._version}",
            "request": {"uid": uid, "desiredAPIVersion": api_version, "objects": objects},
        }
        answer = await self._call(self._client, review)
        response = answer.get("response") if isinstance(answer, dict) else None
        if not isinstance(response, dict):
            raise ConversionFailed("no response provided")
        if self._version == "v1":
            _check_review(answer, response, uid)
        result = response.get("result") or {}
        if result.get("status") != "Success":
            found = result.get("status") or ""
            raise ConversionFailed(result.get("message") or f"response.result.status was '{found}', not 'Success'")
        converted = response.get("convertedObjects") or []
        if len(converted) != len(objects):
            raise ConversionFailed(f"returned {len(converted)} objects, expected {len(objects)}")
        return list(converted)


class ConversionFailed(Exception):
    """Why a conversion failed, in upstream's words."""


def _check_review(answer: Json, response: Json, uid: str) -> None:
    found = (answer.get("apiVersion"), answer.get("kind"))
    if found != ("apiextensions.k8s.io/v1", "ConversionReview"):
        group, _, version = str(found[0] or "").rpartition("/")
        expected = "apiextensions.k8s.io/v1, Kind=ConversionReview"
        raise ConversionFailed(f"expected webhook response of {expected}, got {group}/{version}, Kind={found[1] or ''}")
    if response.get("uid") != uid:
        raise ConversionFailed(f'expected response.uid="{uid}", got "{response.get("uid") or ""}"')


def _checked(old: Json, new: Any, api_version: str) -> Json:
    """The converted object, with the metadata that a webhook may not change put back."""
    if not isinstance(new, dict) or not isinstance(new.get("metadata"), dict):
        raise ConversionFailed("invalid converted object: missing metadata")
    if new.get("apiVersion") != api_version:
        raise ConversionFailed(f"invalid groupVersion (expected {api_version}, received {new.get('apiVersion')})")
    if new.get("kind") != old.get("kind"):
        raise ConversionFailed(f"invalid kind (expected {old.get('kind')}, received {new.get('kind')})")
    before, after = old["metadata"], new["metadata"]
    for key in ("name", "namespace", "uid"):
        if (before.get(key) or "") != (after.get(key) or ""):
            raise ConversionFailed(
                f"must have the same {'UID' if key == 'uid' else key}: {before.get(key)} != {after.get(key)}"
            )
    metadata = {key: value for key, value in before.items() if key not in ("labels", "annotations")}
    for key in ("labels", "annotations"):
        values = after.get(key)
        if values is not None and not (isinstance(values, dict) and all(isinstance(v, str) for v in values.values())):
            raise ConversionFailed(f"invalid metadata: {key} must be a map of strings")
        if values:
            metadata[key] = values
    return new | {"metadata": metadata}
