"""Paths: a kind's resource, its objects and their subresources, with the operations on each.

Mirrors what apiserver/pkg/endpoints/installer.go registers, rendered for v2 or v3. kubectl reads from here which
kinds can be patched, and with which query parameters (dryRun, fieldValidation).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from minik8s.api.scheme import Kind, Subresource
from minik8s.apiserver.openapi.schemas import Definitions, Dialect, gvk, kind_name, name_of

JsonObject = dict[str, Any]

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_JSON = "application/json"
_PROTOBUF = "application/vnd.kubernetes.protobuf"
_ANSWERS = [_JSON, "application/yaml", _PROTOBUF]
_PATCHES = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
]

#: Query parameters: name → type and what it does.
_QUERY = {
    "pretty": ("string", "Indent the answer, for people."),
    "dryRun": ("string", "With the value All: go through every step, and keep nothing."),
    "fieldManager": ("string", "Who makes the change, for the record of field owners."),
    "fieldValidation": ("string", "What to do about unknown or repeated fields: Ignore, Warn or Strict."),
    "force": ("boolean", "Apply only: take over fields that another manager owns."),
    "labelSelector": ("string", "Only objects whose labels match."),
    "fieldSelector": ("string", "Only objects whose fields match."),
    "limit": ("integer", "At most so many objects in one answer; it then carries a continue token."),
    "continue": ("string", "Token of the answer before, to go on from there."),
    "resourceVersion": ("string", "The version to read at, or to watch from."),
    "resourceVersionMatch": ("string", "How resourceVersion is meant: Exact or NotOlderThan."),
    "timeoutSeconds": ("integer", "End the request after so long."),
    "watch": ("boolean", "Stream changes instead of a list."),
    "allowWatchBookmarks": ("boolean", "Send bookmarks, so that a watch can resume later."),
    "sendInitialEvents": ("boolean", "Begin a watch with the objects there are."),
    "gracePeriodSeconds": ("integer", "Seconds to let the object end by itself; 0 deletes at once."),
    "propagationPolicy": ("string", "What becomes of dependents: Orphan, Background or Foreground."),
    "orphanDependents": ("boolean", "Old form of propagationPolicy."),
}
_WRITE = ("dryRun", "fieldManager", "fieldValidation")
_LIST = (
    "allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion",
    "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch",
)  # fmt: skip
_DELETE = ("dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy")


@dataclass(frozen=True, slots=True)
class _Verb:
    """An HTTP method, the action it is, and what goes in and comes out."""

    method: str
    action: str
    about: str
    query: tuple[str, ...] = ()
    body: str = ""
    answer: str = "object"


_COLLECTION = {
    "list": _Verb("get", "list", "List or watch objects of kind", _LIST, answer="list"),
    "create": _Verb("post", "post", "Create an object of kind", _WRITE, "object"),
    "deletecollection": _Verb(
        "delete", "deletecollection", "Delete a collection of", (*_DELETE, *_LIST), "options", "status"
    ),
}
_OBJECT = {
    "get": _Verb("get", "get", "Read an object of kind"),
    "update": _Verb("put", "put", "Replace an object of kind", _WRITE, "object"),
    "patch": _Verb("patch", "patch", "Change parts of an object of kind", (*_WRITE, "force"), "patch"),
    "delete": _Verb("delete", "delete", "Delete an object of kind", _DELETE, "options", "status"),
}
_SUBRESOURCE = {**_OBJECT, "create": _Verb("post", "post", "Create, for an object,", _WRITE, "object")}


class Paths:
    """Renders the paths of kinds in one dialect."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._dialect: Dialect = definitions.dialect
        self._v3 = definitions.dialect.wraps_references
        self.items: dict[str, JsonObject] = {}

    def add(self, kind: Kind) -> None:
        """All paths of one kind."""
        body = _Body(kind_name(kind), gvk(kind.group, kind.version, kind.kind)[0])
        collection = kind.path("{namespace}")
        collection = collection.replace("%7B", "{").replace("%7D", "}")
        scope = ("namespace",) if kind.namespaced else ()
        self._item(collection, scope, kind, body, _pick(_COLLECTION, kind.verbs))
        if kind.namespaced and "list" in kind.verbs:
            everywhere = _pick(_COLLECTION, ("list",))
            self._item(kind.path(), (), kind, body, everywhere, "ForAllNamespaces")
        objects = _pick(_OBJECT, kind.verbs)
        if objects:
            self._item(f"{collection}/{{name}}", (*scope, "name"), kind, body, objects)
        for sub in kind.subresource_table:
            self._add_subresource(f"{collection}/{{name}}/{sub.name}", (*scope, "name"), kind, sub)

    def _add_subresource(self, path: str, scope: tuple[str, ...], kind: Kind, sub: Subresource) -> None:
        model = sub.model
        name = ""
        if model is not None:
            name = self._definitions.add_model(model) if kind.model is not None else name_of(model)
        elif kind.model is None and sub.name == "status":
            name = kind_name(kind)
        action = "connect" if sub.name in ("exec", "attach", "portforward", "proxy") else ""
        body = _Body(name, gvk(sub.group, sub.version, sub.kind)[0], action)
        self._item(path, scope, kind, body, _pick(_SUBRESOURCE, sub.verbs), _camel(sub.name))

    def _item(
        self,
        path: str,
        scope: tuple[str, ...],
        kind: Kind,
        body: "_Body",
        verbs: list[_Verb],
        suffix: str = "",
    ) -> None:
        if not verbs:
            return
        shared = [self._parameter(name, "path", "string", _PATH_ABOUT[name]) for name in scope]
        item: JsonObject = {"parameters": [*shared, self._query("pretty")]}
        for verb in verbs:
            item[verb.method] = self._operation(verb, kind, body, scope, suffix)
        self.items[path] = item

    def _operation(self, verb: _Verb, kind: Kind, body: "_Body", scope: tuple[str, ...], suffix: str) -> JsonObject:
        action = body.action or verb.action
        operation: JsonObject = {
            "description": f"{verb.about} {body.gvk['kind']}.",
            "operationId": _operation_id(action, verb.method, kind, "namespace" in scope, suffix),
            "tags": [_camel(kind.group.split(".")[0] or "core", first=False) + "_" + kind.version],
            "parameters": [self._query(name) for name in verb.query],
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": body.gvk,
        }
        answer = {"object": body.name, "list": kind_name(kind, "List"), "status": f"{_META}.Status"}[verb.answer]
        given = {"": "", "object": body.name, "options": f"{_META}.DeleteOptions", "patch": f"{_META}.Patch"}[verb.body]
        if given and body.name:
            self._add_body(
                operation, given, _media(kind) if verb.body == "patch" else [_JSON, _PROTOBUF], verb.body != "options"
            )
        self._add_answers(operation, answer, verb.method)
        return operation

    def _add_body(self, operation: JsonObject, name: str, media: list[str], required: bool) -> None:
        schema = self._dialect.reference(name)
        if self._v3:
            content = {kind: {"schema": schema} for kind in media}
            operation["requestBody"] = {"content": content, **({"required": True} if required else {})}
            return
        operation["consumes"] = media
        operation["parameters"].insert(0, {"name": "body", "in": "body", "schema": schema, "required": required})

    def _add_answers(self, operation: JsonObject, name: str, method: str) -> None:
        schema = self._dialect.reference(name) if name else {"type": "string"}
        if self._v3:
            good: JsonObject = {"description": "OK", "content": {kind: {"schema": schema} for kind in _ANSWERS}}
        else:
            operation["produces"] = _ANSWERS
            good = {"description": "OK", "schema": schema}
        codes = {"post": ("200", "201", "202"), "put": ("200", "201"), "patch": ("200", "201")}.get(method, ("200",))
        words = {"200": "OK", "201": "Created", "202": "Accepted"}
        answers: JsonObject = {code: {**good, "description": words[code]} for code in codes}
        operation["responses"] = {**answers, "401": {"description": "Unauthorized"}}

    def _query(self, name: str) -> JsonObject:
        kind, about = _QUERY[name]
        return self._parameter(name, "query", kind, about)

    def _parameter(self, name: str, place: str, kind: str, about: str) -> JsonObject:
        parameter: JsonObject = {"name": name, "in": place, "description": about}
        if place == "path":
            parameter["required"] = True
        kept = {"schema": {"type": kind, "uniqueItems": True}} if self._v3 else {"type": kind, "uniqueItems": True}
        return {**parameter, **kept}


def _media(kind: Kind) -> list[str]:
    """The forms of a patch: strategic merge needs a Go type, which custom kinds lack (kubectl apply asks here)."""
    return _PATCHES if kind.model_path else [media for media in _PATCHES if "strategic" not in media]


_PATH_ABOUT = {"namespace": "Namespace of the object.", "name": "Name of the object."}


@dataclass(frozen=True, slots=True)
class _Body:
    """The definition and the kind that an operation deals in."""

    name: str
    gvk: dict[str, str]
    action: str = ""


def _pick(table: dict[str, _Verb], verbs: tuple[str, ...]) -> list[_Verb]:
    return [table[verb] for verb in sorted(verbs) if verb in table]


def _camel(text: str, first: bool = True) -> str:
    parts = text.replace("-", "_").split("_")
    words = [part[:1].upper() + part[1:] for part in parts]
    return "".join(words) if first else text


_ACTION_WORDS = {"post": "create", "put": "replace", "get": "read", "deletecollection": "deleteCollection"}


def _operation_id(action: str, method: str, kind: Kind, namespaced: bool, suffix: str) -> str:
    """`listCoreV1NamespacedPod`, `patchAppsV1NamespacedDeploymentStatus`: unique; clients are named by it."""
    word = _ACTION_WORDS.get(action, action)
    if action == "connect":
        word = f"connect{method.title()}"
    group = _camel(kind.group.removesuffix(".k8s.io").replace(".", "_") or "core")
    return f"{word}{group}{kind.version.title()}{'Namespaced' if namespaced else ''}{kind.kind}{suffix}"


def paths_of(definitions: Definitions, kinds: Iterator[Kind]) -> dict[str, JsonObject]:
    """The path items of some kinds, sorted."""
    paths = Paths(definitions)
    for kind in kinds:
        paths.add(kind)
    return dict(sorted(paths.items.items()))
