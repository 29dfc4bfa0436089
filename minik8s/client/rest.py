"""The API client: Kubernetes' verbs, typed by model class.

Mirrors client-go's typed and dynamic clients. Every verb takes a target: a model class (answers are models), or a
`scheme.Kind` or `Resource` (answers are dicts). How failures look is said in transport.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypedDict, TypeVar, Unpack, overload

import orjson

from minik8s.api.base import Model
from minik8s.api.scheme import Kind
from minik8s.client.resources import Resource, resolve, resolve_object
from minik8s.client.transport import Body, Response, Transport, encode, error_of

__all__ = ["Body", "Client", "ListOptions", "ObjectList", "Response", "decode", "encode", "error_of"]

M = TypeVar("M", bound=Model)
T = TypeVar("T")
Untyped = Kind | Resource
PatchBody = dict[str, Any] | list[Any]
Resources = list[Resource]
PatchType = Literal["merge", "strategic", "json", "apply"]

PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}
PAGE_SIZE = 500


class ListOptions(TypedDict, total=False):
    """What `list` takes besides the namespace."""

    label_selector: str
    field_selector: str
    limit: int
    continue_: str
    resource_version: str
    resource_version_match: str


_LIST_PARAMETERS = {
    "label_selector": "labelSelector", "field_selector": "fieldSelector", "limit": "limit", "continue_": "continue",
    "resource_version": "resourceVersion", "resource_version_match": "resourceVersionMatch",
}  # fmt: skip


@dataclass(slots=True)
class ObjectList(Generic[T]):
    """What `list` gives: iterate over it, or take its parts."""

    items: list[T]
    resource_version: str = ""
    continue_: str = ""
    remaining_item_count: int | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


class Client(Transport):
    """A client of one API server: `request` and `stream` for anything, and the verbs. Close it, or use `async with`."""

    # -- reading

    @overload
    async def get(self, target: type[M], name: str, namespace: str = "") -> M: ...

    @overload
    async def get(self, target: Untyped, name: str, namespace: str = "") -> dict[str, Any]: ...

    async def get(self, target: Any, name: str, namespace: str = "") -> Any:
        """One object. NotFound if it is not there."""
        response = await self.request("GET", resolve(target).path(namespace, name))
        return decode(target, response.body)

    async def get_subresource(self, target: Any, name: str, namespace: str, subresource: str) -> dict[str, Any]:
        """A subresource that is JSON, like `scale`."""
        response = await self.request("GET", resolve(target).path(namespace, name, subresource))
        return _dict(response.body)

    @overload
    async def list(self, target: type[M], namespace: str = "", **options: Unpack[ListOptions]) -> ObjectList[M]: ...

    @overload
    async def list(
        self, target: Untyped, namespace: str = "", **options: Unpack[ListOptions]
    ) -> ObjectList[dict[str, Any]]: ...

    async def list(self, target: Any, namespace: str = "", **options: Unpack[ListOptions]) -> Any:
        """The objects of a namespace, or of all when it is empty. Options: see ListOptions."""
        resource = resolve(target)
        query = {_LIST_PARAMETERS[name]: value for name, value in options.items() if value}
        response = await self.request("GET", resource.path(namespace), query)
        return _decode_list(target, resource, response.body)

    async def list_all(self, target: Any, namespace: str = "", **options: Unpack[ListOptions]) -> ObjectList[Any]:
        """`list`, page by page, to its end."""
        options.setdefault("limit", PAGE_SIZE)
        result: ObjectList[Any] = await self.list(target, namespace, **options)
        options.pop("resource_version", None)  # the token carries it
        while result.continue_:
            options["continue_"] = result.continue_
            page = await self.list(target, namespace, **options)
            result = ObjectList([*result.items, *page.items], page.resource_version, page.continue_)
        return result

    # -- writing

    @overload
    async def create(self, obj: M, *, namespace: str = "", field_manager: str = "") -> M: ...

    @overload
    async def create(
        self, obj: Mapping[str, Any], *, target: Untyped | None = None, namespace: str = "", field_manager: str = ""
    ) -> dict[str, Any]: ...

    async def create(
        self, obj: Any, *, target: Any = None, namespace: str = "", field_manager: str = "", dry_run: bool = False
    ) -> Any:
        """POST; the answer is the object as stored."""
        resource = resolve(target) if target is not None else resolve_object(obj)
        query = {"fieldManager": field_manager, "dryRun": "All" if dry_run else ""}
        response = await self.request(
            "POST", resource.path(namespace or _namespace(obj)), query, _stamped(obj, resource)
        )
        return _decode_like(obj, response.body)

    async def update(self, obj: T, *, target: Any = None, subresource: str = "", field_manager: str = "") -> T:
        """PUT, compare-and-swap by the object's resourceVersion: Conflict if it changed meanwhile."""
        resource = resolve(target) if target is not None else resolve_object(obj)  # type: ignore[arg-type]
        path = resource.path(_namespace(obj), _name(obj), subresource)
        response = await self.request("PUT", path, {"fieldManager": field_manager}, _stamped(obj, resource))
        updated: T = _decode_like(obj, response.body)
        return updated

    async def update_status(self, obj: T, *, target: Any = None, field_manager: str = "") -> T:
        """PUT of the status subresource, compare-and-swap likewise."""
        return await self.update(obj, target=target, subresource="status", field_manager=field_manager)

    @overload
    async def patch(
        self, target: type[M], name: str, namespace: str, body: PatchBody, type: PatchType = "merge",
        subresource: str = "", field_manager: str = "", force: bool = False,
    ) -> M: ...  # fmt: skip

    @overload
    async def patch(
        self, target: Untyped, name: str, namespace: str, body: PatchBody, type: PatchType = "merge",
        subresource: str = "", field_manager: str = "", force: bool = False,
    ) -> dict[str, Any]: ...  # fmt: skip

    async def patch(
        self, target: Any, name: str, namespace: str, body: Any, type: PatchType = "merge", subresource: str = "",
        field_manager: str = "", force: bool = False,
    ) -> Any:  # fmt: skip
        """PATCH; put metadata.resourceVersion (or uid) into the body to make it compare-and-swap."""
        query = {"fieldManager": field_manager, "force": "true" if force else ""}
        if type == "apply" and not field_manager:
            query["fieldManager"] = self.user_agent
        path = resolve(target).path(namespace, name, subresource)
        response = await self.request("PATCH", path, query, body, {"Content-Type": PATCH_TYPES[type]})
        return decode(target, response.body)

    async def delete(
        self,
        target: Any,
        name: str,
        namespace: str = "",
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        grace_period_seconds: int | None = None,
        propagation_policy: str | None = None,
    ) -> dict[str, Any]:
        """DELETE, with preconditions if given; the answer is the object or a Status."""
        options = _delete_options(uid, resource_version, grace_period_seconds, propagation_policy)
        response = await self.request("DELETE", resolve(target).path(namespace, name), body=options)
        return _dict(response.body)

    async def delete_collection(
        self,
        target: Any,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        grace_period_seconds: int | None = None,
        propagation_policy: str | None = None,
    ) -> dict[str, Any]:
        """DELETE of everything that the selectors match."""
        options = _delete_options(None, None, grace_period_seconds, propagation_policy)
        query = {"labelSelector": label_selector, "fieldSelector": field_selector}
        response = await self.request("DELETE", resolve(target).path(namespace), query, options)
        return _dict(response.body)

    async def create_subresource(
        self, target: Any, name: str, namespace: str, subresource: str, obj: Body
    ) -> dict[str, Any]:
        """POST to a subresource: `binding`, `eviction`, `token`."""
        response = await self.request("POST", resolve(target).path(namespace, name, subresource), body=obj)
        return _dict(response.body)

    async def update_subresource(
        self, target: Any, name: str, namespace: str, subresource: str, obj: Body
    ) -> dict[str, Any]:
        """PUT to a subresource whose object is of another kind: `scale`, `finalize`, `approval`."""
        response = await self.request("PUT", resolve(target).path(namespace, name, subresource), body=obj)
        return _dict(response.body)

    async def discover(self, *, strict: bool = False) -> Resources:
        """Every resource that the server has now, custom ones too, at each group's preferred version.

        A group whose own server is away is left out; with `strict` that is a ServiceUnavailable.
        """
        from minik8s.client.discovery import discover

        return await discover(self, strict)


def decode(target: Any, raw: bytes) -> Any:
    """An object as the target's type: a model for a model class, else a dict."""
    if isinstance(target, type) and issubclass(target, Model):
        return target.from_json(raw)
    return orjson.loads(raw)


def _dict(raw: bytes) -> dict[str, Any]:
    value = orjson.loads(raw) if raw else {}
    return value if isinstance(value, dict) else {"value": value}


def _decode_like(obj: Any, raw: bytes) -> Any:
    return type(obj).from_json(raw) if isinstance(obj, Model) else orjson.loads(raw)


def _decode_list(target: Any, resource: Resource, raw: bytes) -> ObjectList[Any]:
    document = orjson.loads(raw)
    items: list[Any] = document.get("items") or []
    if isinstance(target, type) and issubclass(target, Model):
        items = [target.from_dict(item) for item in items]
    else:
        for item in items:  # a list's items say neither kind nor version upstream
            item.setdefault("apiVersion", resource.group_version)
            item.setdefault("kind", resource.kind)
    meta = document.get("metadata") or {}
    return ObjectList(
        items, str(meta.get("resourceVersion") or ""), meta.get("continue") or "", meta.get("remainingItemCount")
    )


def _stamped(obj: Any, resource: Resource) -> Body:
    if isinstance(obj, Model):
        return {"apiVersion": resource.group_version, "kind": resource.kind, **obj.to_dict()}
    return dict(obj)


def _namespace(obj: Any) -> str:
    if isinstance(obj, Model):
        return getattr(obj, "metadata").namespace or ""  # noqa: B009 - every root kind has it, Model does not say so
    return (obj.get("metadata") or {}).get("namespace") or ""


def _name(obj: Any) -> str:
    if isinstance(obj, Model):
        return str(getattr(obj, "metadata").name)  # noqa: B009
    return str(obj["metadata"]["name"])


def _delete_options(
    uid: str | None, resource_version: str | None, grace: int | None, propagation: str | None
) -> dict[str, Any] | None:
    options: dict[str, Any] = {}
    preconditions = {"uid": uid, "resourceVersion": resource_version}
    if uid or resource_version:
        options["preconditions"] = {key: value for key, value in preconditions.items() if value}
    if grace is not None:
        options["gracePeriodSeconds"] = grace
    if propagation is not None:
        options["propagationPolicy"] = propagation
    return {"apiVersion": "v1", "kind": "DeleteOptions", **options} if options else None
