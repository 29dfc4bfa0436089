"""The etcd store when its etcd dies, comes back, or forgot too much."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cache_tools import PODS, Sink, pod
from store_backends import ETCD, Collector, EtcdServer, etcd, opened, until

from minik8s.apiserver.cache.encoding import stamp
from minik8s.apiserver.cache.feed import CacheSet
from minik8s.apiserver.cache.interface import ListQuery, WatchQuery
from minik8s.apiserver.cache.views import JSON_LINES
from minik8s.apiserver.storage.base import CompactedError, Store, StoreUnavailable
from minik8s.apiserver.storage.etcd import EtcdConfig, EtcdStore, range_end

pytestmark = pytest.mark.etcd


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EtcdServer]:
    if ETCD is None:
        pytest.skip("no etcd binary on this machine")
    with EtcdServer(tmp_path / "own-etcd").running() as server:
        yield server


async def healthy(store: Store) -> None:
    async with asyncio.timeout(15):
        while not await store.healthy():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_requests_fail_while_it_is_down_and_watches_resume(server: EtcdServer) -> None:
    async with opened(etcd(server, timeout=2)) as store:
        sink = Collector()
        watch = await store.watch("/a/", 0, sink)
        first = await store.txn("/a/1", b"1")
        server.kill()
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await store.txn("/a/2", b"2")
        with pytest.raises(StoreUnavailable):
            await store.get("/a/1")
        assert not await store.healthy()
        assert time.monotonic() - began < 7
        await asyncio.to_thread(server.start)
        await healthy(store)
        second = await store.txn("/a/2", b"2", expected=0)
        await until(lambda: len(sink.events) == 2)
        assert [event.revision for event in sink.events] == [first.revision, second.revision]
        assert sink.lost is None
        watch.cancel()


async def test_the_caches_outlive_a_restart_of_etcd(server: EtcdServer) -> None:
    async with opened(etcd(server, stamp=stamp, timeout=2)) as store:
        caches = CacheSet(store)
        await caches.start()
        pods = caches.resource(PODS)
        key = pods.key("default", "a")
        await pods.create(key, pod("a"))
        sink = Sink()
        watch = await pods.watch(WatchQuery(view=JSON_LINES), sink)
        server.kill()
        with pytest.raises(StoreUnavailable):
            await pods.get(key)
        with pytest.raises(StoreUnavailable):
            await pods.create(pods.key("default", "b"), pod("b"))
        assert len((await pods.list(ListQuery(resource_version="0"))).entries) == 1
        await asyncio.to_thread(server.start)
        await healthy(store)
        await pods.create(pods.key("default", "c"), pod("c"))
        await sink.wait_for(2)
        assert sink.summary == [("ADDED", "a"), ("ADDED", "c")] and not sink.closed
        watch.stop()
        await caches.close()


async def test_a_gap_that_was_compacted_is_told(server: EtcdServer) -> None:
    async with opened(etcd(server, timeout=2)) as store:
        sink = Collector()
        watch = await store.watch("/a/", 0, sink)
        await store.txn("/a/1", b"1")
        await until(lambda: sink.events)
        watch._task.cancel()  # type: ignore[attr-defined]
        for number in range(5):
            last = await store.txn("/a/1", b"%d" % number)
        await store.compact(last.revision)
        watch._task = asyncio.ensure_future(watch._run())  # type: ignore[attr-defined]
        await until(lambda: sink.lost)
        assert isinstance(sink.lost, CompactedError) and len(sink.events) == 1


async def test_mutual_tls(tmp_path: Path) -> None:
    if ETCD is None:
        pytest.skip("no etcd binary on this machine")
    ca, cert, key = make_certificates(tmp_path)
    secured = EtcdServer(tmp_path / "tls-etcd", tls=(ca, cert, key))
    with secured.running():
        servers = [f"https://{secured.endpoint}"]
        async with opened(EtcdStore(EtcdConfig(servers, ca, cert, key))) as store:
            assert (await store.txn("/a", b"1")).succeeded
        with pytest.raises(StoreUnavailable):
            await EtcdStore(EtcdConfig(servers, ca), timeout=1).start()
        several = EtcdConfig([*servers, "https://127.0.0.1:1"], ca, cert, key)
        async with opened(EtcdStore(several)) as store:
            assert (await store.get("/a")) is not None


def make_certificates(folder: Path) -> tuple[str, str, str]:
    """One self-signed certificate that is its own authority, for server and client."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "etcd")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "tls.crt").write_bytes(certificate.public_bytes(pem))
    (folder / "tls.key").write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return str(folder / "tls.crt"), str(folder / "tls.crt"), str(folder / "tls.key")


async def test_no_etcd_at_all() -> None:
    with pytest.raises(StoreUnavailable, match="does not answer"):
        await EtcdStore(EtcdConfig(["http://127.0.0.1:1"]), timeout=0.5).start()


def test_configuration() -> None:
    one = EtcdConfig(["http://127.0.0.1:2379/"])
    assert one.target() == "127.0.0.1:2379" and not one.secure
    several = EtcdConfig(["https://10.0.0.1:2379", "https://10.0.0.2:2379"])
    assert several.target() == "ipv4:10.0.0.1:2379,10.0.0.2:2379" and several.secure
    assert EtcdConfig(["a:1"], ca_file="ca.crt").secure


def test_range_end() -> None:
    assert range_end("/registry/pods/") == b"/registry/pods0"
    assert range_end("") == b"\0"
