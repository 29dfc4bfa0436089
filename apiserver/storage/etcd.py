"""The etcd store: a real etcd (3.4 and up) over gRPC.

Mirrors: staging/src/k8s.io/apiserver/pkg/storage/etcd3 (store.go, watcher.go, lease_manager.go in cache/leases).
Uses aetcd for etcd's wire protocol (its generated messages and stubs), not its client class, which cannot page, read
at a revision, or resume a watch.

A long list is read in pages of 500 at the revision of the first page. Each transaction touches one key, so that no two
objects share a revision (a lease that ends deletes its keys at one revision; watches keep such events together).
A watch runs in a task that reconnects with backoff and resumes behind the last revision it has told.

A dead etcd fails requests with StoreUnavailable and harms nothing else. Imported only when asked for: grpc costs
150 ms at start.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minik8s.apiserver.storage.base import (
    MAX_VALUE_BYTES,
    CompactedError,
    FutureRevisionError,
    KeyValue,
    LeaseNotFound,
    RangeResult,
    Stamp,
    StoreError,
    StoreUnavailable,
    Subscription,
    TxnResult,
    ValueTooLarge,
    WatchSink,
    no_stamp,
)
from minik8s.apiserver.storage.etcd_watch import EtcdWatch

PAGE = 500
REQUEST_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class EtcdConfig:
    """--etcd-servers, --etcd-cafile, --etcd-certfile, --etcd-keyfile."""

    servers: Sequence[str]  # http(s)://host:port or host:port
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""

    @property
    def secure(self) -> bool:
        return bool(self.ca_file or self.cert_file) or any(server.startswith("https://") for server in self.servers)

    def addresses(self) -> list[str]:
        return [server.split("://", 1)[-1].rstrip("/") for server in self.servers]

    def target(self) -> str:
        """The gRPC target: several servers need the ipv4 scheme, which takes addresses only."""
        addresses = self.addresses()
        return addresses[0] if len(addresses) == 1 else "ipv4:" + ",".join(addresses)


class EtcdStore:
    """A Store (see base.py) in etcd."""

    synchronous = False
    history_start = 0

    def __init__(self, config: EtcdConfig, stamp: Stamp = no_stamp, timeout: float = REQUEST_TIMEOUT) -> None:
        self.stamp = stamp
        self._config = config
        self._timeout = timeout
        self._channel: Any = None
        self._rpc: Any = None
        self._kv: Any = None
        self._lease: Any = None
        self._watch_stub: Any = None
        self._revision = 0
        self._compacted = 0
        self._watches: set[EtcdWatch] = set()

    # --- life ---

    async def start(self) -> None:
        import aetcd.rpc as rpc

        self._rpc = rpc
        self._channel = _open_channel(rpc, self._config)
        self._kv = rpc.KVStub(self._channel)
        self._lease = rpc.LeaseStub(self._channel)
        self._watch_stub = rpc.WatchStub(self._channel)
        try:
            await asyncio.wait_for(self._channel.channel_ready(), self._timeout)
            await self.current_revision()
        except (TimeoutError, StoreError) as error:
            await self.close()
            raise StoreUnavailable(f"etcd at {self._config.target()} does not answer: {error}") from error

    async def close(self) -> None:
        for watch in list(self._watches):
            watch.close(StoreUnavailable("the store was closed"))
        if self._channel is not None:
            channel, self._channel = self._channel, None
            await channel.close(0.5)

    @property
    def revision(self) -> int:
        return self._revision

    async def _call(self, method: Callable[..., Awaitable[Any]], request: Any) -> Any:
        if self._channel is None:
            raise StoreUnavailable("the store is closed")
        try:
            response = await method(request, timeout=self._timeout)
        except self._rpc.AioRpcError as error:
            raise self.explain(error) from error
        self._revision = max(self._revision, response.header.revision)
        return response

    def explain(self, error: Any) -> StoreError:
        """A gRPC error as one of ours."""
        details = error.details() or ""
        if "has been compacted" in details:
            return CompactedError(self._compacted)
        if "future revision" in details:
            return FutureRevisionError(self._revision)
        if "lease not found" in details:
            return LeaseNotFound(details)
        return StoreUnavailable(f"etcd: {error.code().name}: {details}")

    # --- reads ---

    async def current_revision(self) -> int:
        response = await self._call(self._kv.Range, self._rpc.RangeRequest(key=b"/", count_only=True))
        return int(response.header.revision)

    async def healthy(self) -> bool:
        try:
            await asyncio.wait_for(self.current_revision(), 2)
        except (TimeoutError, StoreError):
            return False
        return True

    async def get(self, key: str, revision: int = 0) -> KeyValue | None:
        response = await self._call(self._kv.Range, self._rpc.RangeRequest(key=key.encode(), revision=revision))
        return self.key_value(response.kvs[0]) if response.kvs else None

    async def list(self, prefix: str, limit: int = 0, start: str = "", revision: int = 0) -> RangeResult:
        end = range_end(prefix)
        key = max(start, prefix).encode() or b"\0"
        kvs: list[KeyValue] = []
        count = -1
        while True:
            page = min(PAGE, limit - len(kvs)) if limit else PAGE
            request = self._rpc.RangeRequest(key=key, range_end=end, limit=page, revision=revision)
            response = await self._call(self._kv.Range, request)
            revision = revision or response.header.revision
            count = response.count if count < 0 else count
            kvs.extend(self.key_value(kv) for kv in response.kvs)
            if not response.more or (limit and len(kvs) >= limit):
                return RangeResult(kvs, revision, bool(response.more), count)
            key = response.kvs[-1].key + b"\0"
            await asyncio.sleep(0)

    def key_value(self, kv: Any) -> KeyValue:
        value = self.stamp(kv.value, kv.mod_revision)
        return KeyValue(kv.key.decode(), value, kv.create_revision, kv.mod_revision, kv.lease)

    # --- writes ---

    async def txn(
        self, key: str, value: bytes | None, expected: int | None = None, lease: int = 0, hint: Any = None
    ) -> TxnResult:
        rpc, name = self._rpc, key.encode()
        if self._channel is None:
            raise StoreUnavailable("the store is closed")
        if value is not None and len(value) > MAX_VALUE_BYTES:
            raise ValueTooLarge
        compare = rpc.Compare(key=name, target=rpc.Compare.MOD)
        if expected is not None:
            compare.result, compare.mod_revision = rpc.Compare.EQUAL, expected
        else:  # any put; a delete of what is there
            compare.result, compare.mod_revision = rpc.Compare.GREATER, -1 if value is not None else 0
        failure = [rpc.RequestOp(request_range=rpc.RangeRequest(key=name))]
        if value is None:
            deletion = rpc.DeleteRangeRequest(key=name, prev_kv=True)
            success = [rpc.RequestOp(request_delete_range=deletion)]
        else:
            success = [rpc.RequestOp(request_put=rpc.PutRequest(key=name, value=value, lease=lease))]
            if expected != 0:  # to learn when the key was created
                success.append(rpc.RequestOp(request_range=rpc.RangeRequest(key=name, keys_only=True)))
        response = await self._call(self._kv.Txn, rpc.TxnRequest(compare=[compare], success=success, failure=failure))
        return self._result(key, value, lease, response)

    def _result(self, key: str, value: bytes | None, lease: int, response: Any) -> TxnResult:
        revision = response.header.revision
        if not response.succeeded:
            found = response.responses[0].response_range.kvs
            return TxnResult(False, revision, self.key_value(found[0]) if found else None)
        if value is None:
            removed = response.responses[0].response_delete_range.prev_kvs
            if not removed:  # expected=0 and a delete: nothing was there, nothing happened
                return TxnResult(False, revision, None)
            return TxnResult(True, revision, self.key_value(removed[0]))
        created = revision
        if len(response.responses) > 1:
            created = response.responses[1].response_range.kvs[0].create_revision
        return TxnResult(True, revision, KeyValue(key, self.stamp(value, revision), created, revision, lease))

    # --- watch, compaction, leases ---

    async def watch(self, prefix: str, from_revision: int, sink: WatchSink) -> Subscription:
        if from_revision:
            # etcd would accept the watch and cancel it a moment later; a read tells at once.
            with contextlib.suppress(FutureRevisionError):
                request = self._rpc.RangeRequest(key=prefix.encode() or b"\0", count_only=True, revision=from_revision)
                await self._call(self._kv.Range, request)
        watch = EtcdWatch(self, self._rpc, self._watch_stub, prefix, from_revision, sink)
        self._watches.add(watch)
        watch.on_done = self._watches.discard
        await watch.open(self._timeout)
        return watch

    def saw_revision(self, revision: int, compacted: int = 0) -> None:
        """A watch tells how far the store has come."""
        self._revision = max(self._revision, revision)
        self._compacted = max(self._compacted, compacted)

    async def compact(self, revision: int) -> None:
        with contextlib.suppress(CompactedError):
            await self._call(self._kv.Compact, self._rpc.CompactionRequest(revision=revision))
        self._compacted = max(self._compacted, revision)

    async def grant_lease(self, ttl: int) -> int:
        response = await self._call(self._lease.LeaseGrant, self._rpc.LeaseGrantRequest(TTL=ttl))
        return int(response.ID)

    async def revoke_lease(self, lease: int) -> None:
        await self._call(self._lease.LeaseRevoke, self._rpc.LeaseRevokeRequest(ID=lease))


def range_end(prefix: str) -> bytes:
    """The first key behind all keys with the prefix; etcd reads b"\\0" as "to the end"."""
    raw = prefix.encode().rstrip(b"\xff")
    return raw[:-1] + bytes([raw[-1] + 1]) if raw else b"\0"


def _open_channel(rpc: Any, config: EtcdConfig) -> Any:
    options: list[tuple[str, int | str]] = [
        ("grpc.max_receive_message_length", -1),
        ("grpc.max_send_message_length", -1),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2_000),
        ("grpc.enable_http_proxy", 0),
    ]
    addresses = config.addresses()
    if len(addresses) > 1:
        options.append(("grpc.service_config", '{"loadBalancingConfig": [{"round_robin": {}}]}'))
        options.append(("grpc.default_authority", addresses[0]))
    if not config.secure:
        return rpc.insecure_channel(config.target(), options=options)
    import grpc

    def read(path: str) -> bytes | None:
        return Path(path).read_bytes() if path else None

    credentials = grpc.ssl_channel_credentials(read(config.ca_file), read(config.key_file), read(config.cert_file))
    return rpc.secure_channel(config.target(), credentials, options=options)
