"""The verbs of the fake API server, on its store: what a write does to versions, status, finalizers."""

from __future__ import annotations

import copy
import uuid
from typing import TYPE_CHECKING, Any

from minik8s.api.meta import format_time
from minik8s.api.scheme import SCHEME
from minik8s.api.status import AlreadyExists, BadRequest, Conflict, MethodNotAllowed, NotFound
from minik8s.testing.fakestore import Collection, FakeStore, Object

if TYPE_CHECKING:
    from minik8s.testing.fakeapi import Request

_UID_SPACE = uuid.UUID("6d696e69-6b38-7300-0000-000000000000")
_counter = iter(range(1, 1 << 62))


def kind_name(collection: Collection, version: str) -> str:
    kind = SCHEME.by_resource(collection.group, version, collection.plural)
    return kind.kind if kind is not None else collection.plural.removesuffix("s").capitalize()


def existing(store: FakeStore, request: Request) -> Object:
    found = store.get(request.collection, request.namespace, request.name)
    if found is None:
        raise NotFound.of(request.collection.plural, request.name, request.collection.group)
    return found


def stamp(obj: Object, now: float, before: Object | None = None) -> None:
    """System fields of a new object."""
    meta = obj.setdefault("metadata", {})
    old = (before or {}).get("metadata") or {}
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = f"{meta['generateName']}{next(_counter):05x}"
    meta["uid"] = meta.get("uid") or old.get("uid") or str(uuid.uuid5(_UID_SPACE, str(next(_counter))))
    meta.setdefault("creationTimestamp", old.get("creationTimestamp") or format_time(now))
    _drop_empty(meta)
    if "spec" in obj:
        meta.setdefault("generation", old.get("generation") or 1)


def _drop_empty(meta: Object) -> None:
    """Empty maps and lists are absent, as Go's omitempty has it."""
    for name in ("labels", "annotations", "finalizers", "ownerReferences"):
        if name in meta and not meta[name]:
            del meta[name]


def create(store: FakeStore, request: Request, now: float) -> Object:
    obj = request.body
    if not isinstance(obj, dict):
        raise BadRequest("a body is required")
    obj = copy.deepcopy(obj)
    obj.setdefault("apiVersion", request.group_version)
    obj.setdefault("kind", kind_name(request.collection, request.version))
    meta = obj.setdefault("metadata", {})
    if meta.get("resourceVersion"):
        raise BadRequest("resourceVersion should not be set on objects to be created")
    if request.namespace:
        meta["namespace"] = request.namespace
    meta.pop("uid", None)
    stamp(obj, now)
    if _has_status(request):
        obj.pop("status", None)
        if request.collection.plural == "pods":
            obj["status"] = {"phase": "Pending"}
    if store.get(request.collection, request.namespace, meta["name"]) is not None:
        raise AlreadyExists.of(request.collection.plural, meta["name"], request.collection.group)
    return store.put(request.collection, obj)


def update(store: FakeStore, request: Request) -> Object:
    if not isinstance(request.body, dict):
        raise BadRequest("a body is required")
    return replace(store, request, existing(store, request), copy.deepcopy(request.body))


def replace(store: FakeStore, request: Request, old: Object, new: Object) -> Object:
    """Compare-and-swap `old` by `new`, each part by the path that may write it."""
    meta, before = new.setdefault("metadata", {}), old["metadata"]
    version, uid = meta.get("resourceVersion"), meta.get("uid")
    if (version and version != before["resourceVersion"]) or (uid and uid != before["uid"]):
        raise Conflict.of(request.collection.plural, request.name, group=request.collection.group)
    if request.subresource == "status":
        new = {**old, "status": new.get("status"), "metadata": dict(before)}
    elif _has_status(request):
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
    for name in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
        new["metadata"].pop(name, None)
        if name in before:
            new["metadata"][name] = before[name]
    new["metadata"]["name"], new["metadata"]["resourceVersion"] = before["name"], before["resourceVersion"]
    if request.namespace:
        new["metadata"]["namespace"] = request.namespace
    _drop_empty(new["metadata"])
    if new == old:
        return old
    if new.get("spec") != old.get("spec") and "generation" in before:
        new["metadata"]["generation"] = before["generation"] + 1
    if before.get("deletionTimestamp") and before.get("finalizers") and not new["metadata"].get("finalizers"):
        store.put(request.collection, new)
        return store.remove(request.collection, request.namespace, request.name)
    return store.put(request.collection, new)


def patch(store: FakeStore, request: Request, now: float) -> Object:
    if "apply" in request.content_type and store.get(request.collection, request.namespace, request.name) is None:
        return create(store, request, now)
    old = existing(store, request)
    return replace(store, request, old, patched(old, request))


def patched(old: Object, request: Request) -> Object:
    """`old` with the patch of a request applied."""
    if "json-patch" in request.content_type:
        import jsonpatch

        result: Object = jsonpatch.apply_patch(old, request.body)
        return result
    if "strategic" in request.content_type:
        kind = SCHEME.by_resource(request.collection.group, request.version, request.collection.plural)
        if kind is not None and kind.model is not None:
            from minik8s.apiserver.patch import strategic

            return strategic.apply(copy.deepcopy(old), copy.deepcopy(request.body), kind.model)
    merged: Object = merge(old, request.body)
    return merged


def merge(old: Any, change: Any) -> Any:
    """RFC 7396."""
    if not isinstance(change, dict):
        return copy.deepcopy(change)
    result = dict(old) if isinstance(old, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def delete(store: FakeStore, request: Request, now: float) -> Object:
    obj = existing(store, request)
    options = request.body or {}
    _check_preconditions(request, obj, options.get("preconditions") or {})
    meta = obj["metadata"]
    finalizers = list(meta.get("finalizers") or [])
    wanted = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}.get(options.get("propagationPolicy") or "")
    if wanted and wanted not in finalizers and not meta.get("deletionTimestamp"):
        finalizers.append(wanted)
    grace = _grace(request, obj, options)
    if not finalizers and not grace:
        return store.remove(request.collection, request.namespace, request.name)
    if finalizers:
        meta["finalizers"] = finalizers
    if not meta.get("deletionTimestamp") or grace < meta.get("deletionGracePeriodSeconds", 0):
        meta["deletionTimestamp"], meta["deletionGracePeriodSeconds"] = format_time(now + grace), grace
        if "generation" in meta:
            meta["generation"] += 1
        return store.put(request.collection, obj)
    return obj


def subresource(store: FakeStore, request: Request, now: float) -> Object:
    obj = existing(store, request)
    match request.method, request.subresource:
        case "GET", "status":
            return obj
        case "PUT", "status":
            return update(store, request)
        case "PATCH", "status":
            return patch(store, request, now)
        case "POST", "binding":
            return _bind(store, request, obj, now)
        case "POST", "eviction":
            request.body = request.body.get("deleteOptions")
            return delete(store, request, now)
        case "GET", "scale":
            return _scale(obj)
        case "PUT" | "PATCH", "scale":
            obj["spec"]["replicas"] = request.body["spec"]["replicas"]
            return _scale(replace(store, request, existing(store, request), obj))
        case "PUT", "finalize":
            obj["spec"] = request.body.get("spec") or {}
            if not obj["spec"].get("finalizers") and obj["metadata"].get("deletionTimestamp"):
                return store.remove(request.collection, request.namespace, request.name)
            return store.put(request.collection, obj)
    raise MethodNotAllowed()


def _bind(store: FakeStore, request: Request, pod: Object, now: float) -> Object:
    if pod["spec"].get("nodeName"):
        why = f'pod {request.name} is already assigned to node "{pod["spec"]["nodeName"]}"'
        raise Conflict.of("pods/binding", request.name, why)
    if pod["metadata"].get("deletionTimestamp"):
        raise Conflict.of(
            "pods/binding", request.name, f"pod {request.name} is being deleted, cannot be assigned to a host"
        )
    uid = (request.body.get("metadata") or {}).get("uid")
    if uid and uid != pod["metadata"]["uid"]:
        raise Conflict.of("pods/binding", request.name, "Precondition failed: UID in precondition differs")
    pod["spec"]["nodeName"] = request.body["target"]["name"]
    conditions = [c for c in pod.setdefault("status", {}).get("conditions") or [] if c["type"] != "PodScheduled"]
    conditions.append({"type": "PodScheduled", "status": "True", "lastTransitionTime": format_time(now)})
    pod["status"]["conditions"] = conditions
    store.put(request.collection, pod)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _scale(obj: Object) -> Object:
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {k: obj["metadata"][k] for k in ("name", "namespace", "uid", "resourceVersion")},
        "spec": {"replicas": obj["spec"].get("replicas", 1)},
        "status": {"replicas": (obj.get("status") or {}).get("replicas", 0)},
    }


def _has_status(request: Request) -> bool:
    kind = SCHEME.by_resource(request.collection.group, request.version, request.collection.plural)
    return kind is not None and "status" in kind.subresources


def _check_preconditions(request: Request, obj: Object, preconditions: Object) -> None:
    for key, word in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        wanted = preconditions.get(key)
        if wanted and wanted != obj["metadata"][key]:
            why = (
                f"Precondition failed: {word} in precondition: {wanted}, {word} in object meta: {obj['metadata'][key]}"
            )
            raise Conflict.of(request.collection.plural, request.name, why, group=request.collection.group)


def _grace(request: Request, obj: Object, options: Object) -> int:
    """Only a pod that a kubelet may be running goes gracefully."""
    if request.collection.plural != "pods" or not obj["spec"].get("nodeName"):
        return 0
    if (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    grace = options.get("gracePeriodSeconds")
    return int(obj["spec"].get("terminationGracePeriodSeconds", 30) if grace is None else grace)
