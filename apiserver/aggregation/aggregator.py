"""The table of remotes, and the loop that keeps it: who is registered, who answers, what they publish.

Mirrors kube-aggregator/pkg/apiserver/apiserver.go with its controllers. The loop wakes on every change of an APIService
and once a second; it never waits for a remote (each has a task of its own), and requests never wait for the loop: they
are routed by the table as it stands.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import orjson

from minik8s.api.meta import format_time
from minik8s.api.scheme import SCHEME
from minik8s.api.status import AlreadyExists, ApiError, NotFound
from minik8s.apiserver.aggregation import availability, discovery, openapi, proxy, registration
from minik8s.apiserver.aggregation.probe import Published, probe
from minik8s.apiserver.aggregation.remote import ProxyIdentity, Remote, parse
from minik8s.apiserver.aggregation.signal import Changes
from minik8s.apiserver.cache.interface import ListQuery, WatchQuery
from minik8s.apiserver.routes.http import Request, Response
from minik8s.apiserver.storage.base import StoreError
from minik8s.apiserver.webhooks.services import SERVICES, resolve, slices_of
from minik8s.component import get_logger
from minik8s.serving import Endpoint

if TYPE_CHECKING:
    from minik8s.apiserver.registry.registry import ServerRegistry

log = get_logger(__name__)
JsonObject = dict[str, Any]
TICK = 1.0
RETRY_SECONDS, RECHECK_SECONDS = 1.0, 30.0
API_SERVICES = SCHEME.by_resource("apiregistration.k8s.io", "v1", "apiservices")


class Aggregator:
    """One per server."""

    def __init__(self, registry: ServerRegistry, identity: ProxyIdentity) -> None:
        self.remotes: dict[tuple[str, str], Remote] = {}
        self.version = 0
        "Grows whenever merged documents would come out different."
        self._registry, self._identity = registry, identity
        self._published: dict[str, Published] = {}
        self._contexts: dict[tuple[str, bool], Any] = {}
        self._due: dict[str, float] = {}
        self._checks: dict[str, asyncio.Task[None]] = {}
        self._registered_for = -1

    # -- requests ---------------------------------------------------------------------------------------------------

    def match(self, path: str) -> Remote | None:
        """The remote that answers a path below /apis."""
        parts = path.split("/", 4)
        return self.remotes.get((parts[2], parts[3])) if len(parts) > 3 else None

    async def serve(self, request: Request, remote: Remote) -> Response:
        return await proxy.serve(self, request, remote)

    async def endpoint(self, remote: Remote) -> Endpoint:
        """Where the remote's service is served; raises ApiError."""
        address = (await resolve(self._registry, remote.namespace, remote.service, remote.port))[0]
        trust = (remote.ca_bundle, remote.insecure)
        if trust not in self._contexts:
            self._contexts[trust] = self._identity.context(remote)
        return Endpoint(address.host, address.port, self._contexts[trust], remote.server_name, timeout=5.0)

    # -- documents --------------------------------------------------------------------------------------------------

    def serves_group(self, group: str) -> bool:
        return any(name == group for name, _ in self.remotes)

    def extend_groups(self, document: JsonObject) -> JsonObject:
        return discovery.extend_groups(document, self.remotes.values()) if self.remotes else document

    def extend_group(self, name: str, document: JsonObject | None) -> JsonObject:
        """/apis/<group>; ``document``: this server's own, if it has one."""
        found = discovery.by_group(self.remotes.values()).get(name, [])
        if document is not None:
            return discovery.add_versions(document, found) if found else document
        return {"kind": "APIGroup", "apiVersion": "v1", **discovery.make_group(name, found)}

    def extend_aggregated(self, document: JsonObject) -> JsonObject:
        if not self.remotes:
            return document
        lists = {name: found.resources for name, found in self._published.items() if found.resources}
        return discovery.extend_aggregated(document, self.remotes.values(), lists)

    def extend_openapi_v2(self, document: JsonObject) -> JsonObject:
        parts = [found.v2 for found in self._published.values() if found.v2]
        return openapi.merge_v2(document, parts) if parts else document

    def extend_v3_index(self, index: bytes) -> bytes:
        documents = {f"apis/{g}/{v}": self._v3(remote) for (g, v), remote in self.remotes.items()}
        found = {path: document for path, document in documents.items() if document}
        if not found:
            return index
        paths = orjson.loads(index)["paths"]
        for path, document in found.items():
            paths.setdefault(path, {"serverRelativeURL": f"/openapi/v3/{path}?hash={document.hash}"})
        return orjson.dumps({"paths": paths})

    def openapi_v3(self, path: str) -> bytes | None:
        """The v3 document of a remote's group and version."""
        remote = self.match(f"/{path}")
        document = self._v3(remote) if remote else None
        return document.body if document else None

    def _v3(self, remote: Remote) -> Any:
        found = self._published.get(remote.name)
        return found.v3 if found else None

    # -- the loop ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """For ever."""
        changes = Changes()
        while True:
            try:
                await self._watch(changes)
                await self._sync()
            except Exception as error:
                expected = isinstance(error, ApiError | StoreError)
                log.warning("aggregation could not be brought up to date", error=repr(error), exc_info=not expected)
                self._registered_for = -1
            await changes.wait(TICK)

    async def close(self) -> None:
        for task in self._checks.values():
            task.cancel()
        await asyncio.gather(*self._checks.values(), return_exceptions=True)

    async def _watch(self, changes: Changes) -> None:
        if changes.broken:
            changes.broken = False
            assert API_SERVICES is not None
            await self._registry.resources.of(API_SERVICES).cache.watch(WatchQuery(changes), changes)

    async def _sync(self) -> None:
        assert API_SERVICES is not None
        page = await self._registry.resources.of(API_SERVICES).cache.list(ListQuery(resource_version="0"))
        present = {entry.name: entry.decode() for entry in page.entries}
        self._take(present)
        state = hash((self._registry.kinds.version, tuple((e.key, e.revision) for e in page.entries)))
        if state != self._registered_for:
            await self._register(present)
            self._registered_for = state
        self._check_due()

    def _take(self, present: dict[str, JsonObject]) -> None:
        """The table anew from the objects."""
        remotes = [remote for obj in present.values() if (remote := parse(obj)) is not None]
        table = {(remote.group, remote.version): remote for remote in remotes}
        if table != self.remotes:
            self.remotes, self.version = table, self.version + 1
            names = {remote.name for remote in remotes}
            for name in [name for name in self._published if name not in names]:
                del self._published[name]
            self._due = {name: due for name, due in self._due.items() if name in names}
            self._contexts.clear()

    async def _register(self, present: dict[str, JsonObject]) -> None:
        assert API_SERVICES is not None
        kind, registry = API_SERVICES, self._registry
        plan = registration.compute_plan(registry.kinds.all(), present)
        await asyncio.gather(*(self._create(obj) for obj in plan.create))
        names = [*plan.mark, *(obj["metadata"]["name"] for obj in plan.create)]
        await asyncio.gather(*(self._write_condition(name, availability.LOCAL) for name in names))
        for name in plan.delete:
            await registry.delete(kind, "", name)

    async def _create(self, obj: JsonObject) -> None:
        assert API_SERVICES is not None
        try:
            await self._registry.create(API_SERVICES, obj)
        except AlreadyExists:
            return

    async def _write_condition(self, name: str, verdict: availability.Verdict) -> None:
        assert API_SERVICES is not None
        now = format_time(time.time())

        def change(obj: JsonObject) -> JsonObject | None:
            return availability.with_condition(obj, verdict, now)

        try:
            await self._registry.mutate(API_SERVICES, "", name, change, "status")
        except NotFound:
            return  # gone meanwhile

    # -- remotes ----------------------------------------------------------------------------------------------------

    def _check_due(self) -> None:
        now = asyncio.get_running_loop().time()
        for remote in self.remotes.values():
            running = self._checks.get(remote.name)
            if running is None or running.done():
                self._checks[remote.name] = asyncio.create_task(self._check(remote, now))

    async def _check(self, remote: Remote, now: float) -> None:
        """Service and endpoints each time; the remote itself only when it is due or its state may have changed."""
        try:
            service = await self._registry.get(SERVICES, remote.namespace, remote.service)
            slices = await slices_of(self._registry, remote.namespace, remote.service)
            verdict = availability.check_service(remote, service, slices)
            if verdict is None:
                if remote.available and now < self._due.get(remote.name, 0.0):
                    return
                verdict = await self._probe(remote)
                self._due[remote.name] = now + (RECHECK_SECONDS if verdict.available else RETRY_SECONDS)
            await self._write_condition(remote.name, verdict)
        except (ApiError, StoreError, OSError) as error:
            log.warning("APIService could not be checked", name=remote.name, error=str(error))

    async def _probe(self, remote: Remote) -> availability.Verdict:
        try:
            endpoint = await self.endpoint(remote)
        except (ApiError, ValueError, OSError) as error:
            return availability.failed_discovery(f"https://{remote.server_name}:{remote.port}{remote.path}", str(error))
        verdict, found = await probe(remote, endpoint, self._published.get(remote.name, Published()))
        if found != self._published.get(remote.name):
            self._published[remote.name] = found
            self.version += 1
        return verdict
