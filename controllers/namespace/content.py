"""Deleting what a namespace holds, resource by resource, as discovery lists them.

Mirrors deleteAllContent in upstream's pkg/controller/namespace/deletion/namespaced_resources_deleter.go. Each resource
is listed first: most are empty, and one request finds that out. Deleting a collection twice is harmless.
"""

import asyncio
from collections import Counter
from typing import Any

from minik8s.api import core
from minik8s.api.meta import parse_time
from minik8s.api.status import ApiError, MethodNotAllowed, NotFound, ServiceUnavailable
from minik8s.client.resources import Resource, resolve
from minik8s.client.rest import Client
from minik8s.controllers.namespace.conditions import Progress

#: how long objects with finalizers are given before the next look
FINALIZER_ESTIMATE = 15.0
PARALLEL = 8


def deletable(resources: list[Resource]) -> list[Resource]:
    """What lives in namespaces and can be listed and deleted."""
    return [item for item in resources if item.namespaced and {"list", "delete"} <= item.verbs]


async def delete_content(client: Client, namespace: core.Namespace) -> Progress:
    """One pass: ask for everything's deletion, report what is left."""
    progress = Progress()
    try:
        resources = deletable(await _discover(client, progress))
    except ApiError as error:
        progress.discovery_error = error.message
        return progress
    name, now = namespace.metadata.name, client.clock.now()
    started = namespace.metadata.deletion_timestamp
    age = now - parse_time(started) if started else 0.0
    pods = resolve(core.Pod)
    await _delete_resource(client, pods, name, age, progress)
    if progress.remaining or progress.errors:
        return progress  # what pods use (claims, secrets, services) outlives them
    limit = asyncio.Semaphore(PARALLEL)

    async def one(resource: Resource) -> None:
        async with limit:
            await _delete_resource(client, resource, name, age, progress)

    rest = [item for item in resources if item.group_resource != "pods" and item.group != "events.k8s.io"]
    await asyncio.gather(*(one(item) for item in rest))
    return progress


async def _discover(client: Client, progress: Progress) -> list[Resource]:
    """What can be seen. A group whose own server is away may hold more: the namespace has to wait for it."""
    try:
        return await client.discover(strict=True)
    except ServiceUnavailable as error:
        progress.discovery_error = f"Discovery failed for some groups: {error.message}"
    return await client.discover()


async def _delete_resource(client: Client, resource: Resource, namespace: str, age: float, progress: Progress) -> None:
    try:
        items = await _list(client, resource, namespace)
        if not items:
            return
        await _delete_collection(client, resource, namespace, items)
        left = await _list(client, resource, namespace)
    except NotFound:
        return  # the resource itself is gone: a custom kind deleted meanwhile
    except ApiError as error:
        progress.errors.append(error.message)
        return
    if not left:
        return
    _count(resource, left, age, progress)


async def _list(client: Client, resource: Resource, namespace: str) -> list[dict[str, Any]]:
    return list((await client.list(resource, namespace)).items)


async def _delete_collection(client: Client, resource: Resource, namespace: str, items: list[dict[str, Any]]) -> None:
    """One request where the resource allows it, else one per object. Background: dependents are deleted too anyway."""
    if "deletecollection" in resource.verbs:
        try:
            await client.delete_collection(resource, namespace, propagation_policy="Background")
            return
        except MethodNotAllowed:
            pass
    for item in items:
        if item["metadata"].get("deletionTimestamp"):
            continue
        try:
            await client.delete(resource, item["metadata"]["name"], namespace, propagation_policy="Background")
        except NotFound:
            continue


def _count(resource: Resource, left: list[dict[str, Any]], age: float, progress: Progress) -> None:
    progress.remaining[f"{resource.plural}.{resource.group}"] += len(left)
    finalizers = Counter(name for item in left for name in item["metadata"].get("finalizers") or [])
    progress.finalizers.update(finalizers)
    grace = max((_grace(item) for item in left), default=0.0) if resource.group_resource == "pods" else 0.0
    estimate = grace if grace > age else (FINALIZER_ESTIMATE if finalizers else 0.0)
    progress.estimate = max(progress.estimate, estimate)
    if estimate == 0.0 and not grace:
        progress.errors.append(
            f"unexpected items still remain in namespace: {left[0]['metadata'].get('namespace')} "
            f"for gvr: {resource.group}/{resource.version}, Resource={resource.plural}"
        )


def _grace(item: dict[str, Any]) -> float:
    if (item.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return 0.0
    return float((item.get("spec") or {}).get("terminationGracePeriodSeconds") or 0)
