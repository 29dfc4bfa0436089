"""The raw routes of /api and /apis: from path and method to a verb of the registry.

Mirrors staging/src/k8s.io/apiserver/pkg/endpoints/installer.go and handlers/{create,get,update,patch,delete}.go. One
dispatcher serves every kind of the scheme; what a kind serves (verbs, subresources) is a row of its table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from minik8s.api.status import BadRequest, FieldError, Invalid, MethodNotAllowed, NotFound
from minik8s.apiserver.cache.interface import ListPage
from minik8s.apiserver.managedfields.entries import MAX_MANAGER_LENGTH, keep_reset, name_from_user_agent
from minik8s.apiserver.registry import delete as deletion
from minik8s.apiserver.registry import write
from minik8s.apiserver.registry.decode import IGNORE, STRICT, WARN
from minik8s.apiserver.registry.interface import Context
from minik8s.apiserver.registry.resources import Resource
from minik8s.apiserver.routes import reviews
from minik8s.apiserver.routes.bodies import read_json, read_options
from minik8s.apiserver.routes.http import JSON, Request, Response
from minik8s.apiserver.routes.listing import YAML, list_objects, list_query, respond_list
from minik8s.apiserver.routes.negotiation import negotiate
from minik8s.apiserver.routes.patching import patch_object
from minik8s.apiserver.routes.subresources import GENERIC, HANDLERS
from minik8s.apiserver.routes.views import convert_object
from minik8s.apiserver.routes.watching import watch_objects

if TYPE_CHECKING:
    from minik8s.apiserver.app import Server

Handler = Callable[["Server", Request, Resource], Awaitable[Response]]
#: Verbs that address a collection; the others need a name.
COLLECTION_VERBS = frozenset({"list", "deletecollection", "create"})


async def serve_resource(server: Server, request: Request) -> Response:
    """Answer a request whose ``info`` has been parsed."""
    info = request.info
    kind = info.kind
    if kind is None or (info.name and kind.namespaced and not info.namespace):
        raise NotFound.path()
    if info.namespace and not kind.namespaced and not (kind.plural == "namespaces" and not kind.group):
        raise NotFound.path()
    if deprecation := getattr(kind, "deprecation", ""):  # a version of a custom resource
        request.warnings.append(deprecation)
    if info.subresource:
        return await _serve_subresource(server, request)
    verb = _verb(request)
    if verb not in kind.verbs or (verb != "watch" and bool(info.name) == (verb in COLLECTION_VERBS)):
        raise MethodNotAllowed
    if kind.namespaced and not info.namespace and verb not in ("list", "watch"):
        raise MethodNotAllowed
    if kind.model_path and kind.kind in reviews.HANDLERS:
        return await reviews.HANDLERS[kind.kind](server, request, kind)
    return await VERBS[verb](server, request, server.registry.resources.of(kind))


def _verb(request: Request) -> str:
    verb = request.info.verb
    if verb == "list" and request.flag("watch"):
        return "watch"
    return "watch" if request.info.watch_prefix and verb in ("list", "get") else verb


async def _serve_subresource(server: Server, request: Request) -> Response:
    info = request.info
    assert info.kind is not None
    sub = info.kind.subresource(info.subresource)
    if sub is None:
        raise NotFound.path()
    verb = "create" if request.method == "POST" else info.verb
    if verb not in sub.verbs and request.method != "OPTIONS":
        raise MethodNotAllowed
    resource = server.registry.resources.of(info.kind)
    if info.subresource in GENERIC:
        return await VERBS[verb](server, request, resource)
    return await HANDLERS[info.subresource](server, request, resource)


# -- what the verbs share ------------------------------------------------------------------------------------------


def context(server: Server, request: Request, operation: str) -> Context:
    """The write's context from the request's query."""
    info, query = request.info, request.query
    assert info.kind is not None
    options: dict[str, Any] = {"kind": operation, "apiVersion": "meta.k8s.io/v1"} if operation else {}
    dry_run = query.get("dryRun")
    if dry_run is not None:
        check_dry_run([dry_run])
        options["dryRun"] = [dry_run]
    if "fieldManager" in query:
        options["fieldManager"] = query["fieldManager"]
    return Context(
        kind=info.kind,
        registry=server.registry,
        user=request.user,
        namespace=info.namespace if info.kind.namespaced else "",
        name=info.name,
        subresource=info.subresource,
        dry_run=bool(dry_run),
        options=options,
        warnings=request.warnings,
        field_manager=field_manager(request),
    )


def field_manager(request: Request) -> str:
    """Who will own what is written: the manager that the request names, else the start of its user agent."""
    named = request.query.get("fieldManager") if request.scope["query_string"] else ""
    if not named:
        return name_from_user_agent(request.headers.get(b"user-agent", b"").decode("latin1"))
    errors = []
    if len(named) > MAX_MANAGER_LENGTH:
        errors.append(FieldError.too_long("fieldManager", named, MAX_MANAGER_LENGTH))
    if not named.isprintable():
        errors.append(FieldError.invalid("fieldManager", named, "should only contain printable characters"))
    if errors:
        raise Invalid.of("PatchOptions" if request.method == "PATCH" else "CreateOptions", "", errors, "meta.k8s.io")
    return named


def check_dry_run(values: list[str]) -> None:
    """Only "All" is a way to run dry."""
    if any(value not in ("", "All") for value in values):
        raise BadRequest(
            f'Invalid value: "{values[0]}": dryRun: Unsupported value: "{values[0]}": supported values: "All"'
        )


def field_validation(request: Request) -> str:
    value = request.query.get("fieldValidation", "")
    if value not in ("", IGNORE, WARN, STRICT):
        raise BadRequest(
            f'fieldValidation: Unsupported value: "{value}": supported values: "", "Ignore", "Strict", "Warn"'
        )
    return value or WARN


def respond_object(request: Request, resource: Resource, data: bytes, status: int = 200) -> Response:
    """The object in the form that the client takes."""
    form = negotiate(request.headers.get(b"accept", b""))
    if form.plain:
        return Response(status, data)
    include = request.query.get("includeObject", "Metadata") or "Metadata"
    return Response(status, convert_object(resource.kind, data, form, include), YAML if form.yaml else JSON)


# -- verbs ---------------------------------------------------------------------------------------------------------


async def get_object(server: Server, request: Request, resource: Resource) -> Response:
    info = request.info
    oldest = request.query.get("resourceVersion") if request.scope["query_string"] else None
    if oldest and not oldest.isdigit():
        raise BadRequest(f'Invalid value: "{oldest}": strconv.ParseUint: parsing "{oldest}": invalid syntax')
    entry = await resource.cache.get(resource.key(info.namespace, info.name), int(oldest) if oldest else None)
    if entry is None:
        raise NotFound.of(resource.kind.plural, info.name, resource.kind.group)
    return respond_object(request, resource, await resource.render(entry))


async def list_or_watch(server: Server, request: Request, resource: Resource) -> Response:
    form = negotiate(request.headers.get(b"accept", b""))
    if _verb(request) == "watch":
        return await watch_objects(request, resource, form)
    return await list_objects(request, resource, form)


async def create_object(server: Server, request: Request, resource: Resource) -> Response:
    negotiate(request.headers.get(b"accept", b""))  # 406 before anything is written
    ctx = context(server, request, "CreateOptions")
    body = await read_json(request)
    obj = resource.decode_body(body, field_validation(request), request.warnings)
    written = await write.create(server.registry, ctx, obj)
    return respond_object(request, resource, written.data, 201)


async def update_object(server: Server, request: Request, resource: Resource) -> Response:
    negotiate(request.headers.get(b"accept", b""))
    ctx = context(server, request, "UpdateOptions")
    body = await read_json(request)
    obj = resource.decode_body(body, field_validation(request), request.warnings)
    _check_name(obj["metadata"], request)
    keep_reset(body, obj["metadata"])
    written = await write.update(
        server.registry,
        ctx,
        _Replacement(obj),
        expected_version=obj["metadata"].get("resourceVersion") or "",
        create_absent=resource.strategy.allow_create_on_update,
    )
    return respond_object(request, resource, written.data, 201 if written.created else 200)


@dataclass(slots=True)
class _Replacement:
    """A PUT as a transform: the same object at every try (a fresh copy from the second on)."""

    obj: dict[str, Any]
    pristine: bytes = b""

    def __call__(self, old: dict[str, Any]) -> dict[str, Any]:
        if not self.pristine:
            self.pristine = orjson.dumps(self.obj)
            return self.obj
        fresh: dict[str, Any] = orjson.loads(self.pristine)
        return fresh


def _check_name(meta: dict[str, Any], request: Request) -> None:
    name = request.info.name
    if not meta.get("name"):
        raise BadRequest(f"the name of the object ({name} based on URL) was undeterminable: name must be provided")
    if meta["name"] != name:
        raise BadRequest(f"the name of the object ({meta['name']}) does not match the name on the URL ({name})")
    if request.info.kind is not None and request.info.kind.namespaced:
        namespace = meta.get("namespace")
        if namespace and namespace != request.info.namespace:
            raise BadRequest(
                f"the namespace of the object ({namespace}) does not match the namespace on the request "
                f"({request.info.namespace})"
            )


async def patch(server: Server, request: Request, resource: Resource) -> Response:
    negotiate(request.headers.get(b"accept", b""))
    ctx = context(server, request, "PatchOptions")
    written = await patch_object(server.registry, ctx, request, resource, field_validation(request))
    return respond_object(request, resource, written.data, 201 if written.created else 200)


async def delete_object(server: Server, request: Request, resource: Resource) -> Response:
    ctx = await _delete_context(server, request)
    written = await deletion.delete(server.registry, ctx)
    options = ctx.options
    waits = options.get("propagationPolicy") == "Foreground" or options.get("orphanDependents") is False
    status = 202 if not written.deleted and waits else 200
    return respond_object(request, resource, written.data, status)


async def delete_collection(server: Server, request: Request, resource: Resource) -> Response:
    ctx = await _delete_context(server, request)
    query = list_query(request, resource)
    page = await resource.cache.list(query)
    await deletion.delete_collection(server.registry, ctx, page.entries)
    form = negotiate(request.headers.get(b"accept", b""))
    return await respond_list(request, resource, form, ListPage(page.entries, page.resource_version))


async def _delete_context(server: Server, request: Request) -> Context:
    ctx = context(server, request, "")
    ctx.options = await read_options(request)
    deletion.validate_options(ctx.options)
    given = ctx.options.get("dryRun") or ([request.query["dryRun"]] if "dryRun" in request.query else [])
    check_dry_run(given)
    ctx.dry_run = bool(given)
    return ctx


VERBS: dict[str, Callable[[Any, Request, Resource], Awaitable[Response]]] = {
    "get": get_object,
    "list": list_or_watch,
    "watch": list_or_watch,
    "create": create_object,
    "update": update_object,
    "patch": patch,
    "delete": delete_object,
    "deletecollection": delete_collection,
}
