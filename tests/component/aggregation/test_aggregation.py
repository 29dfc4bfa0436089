"""An extension server behind a real API server."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any

from tests.component.aggregation.conftest import FLUNDER, FLUNDERS_PATH, GROUP, VERSION, ExtensionServer
from tests.component.conftest import RunningServer

Json = dict[str, Any]
API_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
NAME = f"{VERSION}.{GROUP}"
FLUNDERS = FLUNDERS_PATH
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


async def register(apiserver: RunningServer, extension: ExtensionServer, service: bool = True) -> None:
    if service:
        spec = {"type": "ExternalName", "externalName": "localhost"}
        await apiserver.create("/api/v1/namespaces/default/services", {"metadata": {"name": "wardle"}, "spec": spec})
    authority = base64.b64encode((extension.directory / "ca.crt").read_bytes()).decode()
    spec = {
        "group": GROUP, "version": VERSION, "groupPriorityMinimum": 2000, "versionPriority": 200, "caBundle": authority,
        "service": {"namespace": "default", "name": "wardle", "port": extension.port},
    }  # fmt: skip
    await apiserver.create(API_SERVICES, {"metadata": {"name": NAME}, "spec": spec})


async def condition(apiserver: RunningServer, wanted: Callable[[Json], bool], name: str = NAME) -> Json:
    """The Available condition, once it is as wanted."""
    async with asyncio.timeout(15):
        while True:
            found = (await apiserver.call("GET", f"{API_SERVICES}/{name}")).json
            for item in (found.get("status") or {}).get("conditions") or []:
                if wanted(item):
                    return dict(item)
            await asyncio.sleep(0.02)


async def available(apiserver: RunningServer) -> Json:
    return await condition(apiserver, lambda item: item["status"] == "True")


async def test_requests_are_passed_on_in_the_users_name(apiserver: RunningServer, extension: ExtensionServer) -> None:
    await register(apiserver, extension)
    found = await available(apiserver)
    assert (found["reason"], found["message"]) == ("Passed", "all checks passed")
    forged = {"X-Remote-User": "root", "X-Remote-Group": "system:masters", "X-Remote-Extra-Scopes": "all"}
    created = await apiserver.call("POST", FLUNDERS, {"kind": "Flunder"}, forged, token="plain-token")
    assert (created.status, created.json) == (201, {"kind": "Flunder"})
    method, path, headers = extension.users_requests[-1]
    assert (method, path) == ("POST", FLUNDERS)
    remote = [pair for pair in headers if pair[0].startswith("x-remote-")]
    assert remote == [
        ("x-remote-user", "plain"), ("x-remote-uid", "2"), ("x-remote-group", "team"),
        ("x-remote-group", "system:authenticated"),
    ]  # fmt: skip
    assert ("(certificate)", "kubernetes-admin") in headers
    assert "authorization" not in dict(headers)
    assert (await apiserver.call("GET", f"{FLUNDERS}/none")).status == 404


async def test_watches_end_with_their_client(apiserver: RunningServer, extension: ExtensionServer) -> None:
    await register(apiserver, extension)
    await available(apiserver)
    stream = await apiserver.open("GET", f"{FLUNDERS}?watch=true")
    event = await stream.next()
    assert event is not None and event["type"] == "ADDED"
    stream.close()
    await asyncio.wait_for(extension.left.wait(), 5)


async def test_discovery_and_openapi_are_merged(apiserver: RunningServer, extension: ExtensionServer) -> None:
    await register(apiserver, extension)
    await available(apiserver)
    groups = {group["name"]: group for group in (await apiserver.call("GET", "/apis")).json["groups"]}
    assert groups[GROUP]["preferredVersion"] == {"groupVersion": f"{GROUP}/{VERSION}", "version": VERSION}
    assert (await apiserver.call("GET", f"/apis/{GROUP}")).json["name"] == GROUP
    assert (await apiserver.call("GET", f"/apis/{GROUP}/{VERSION}")).json["resources"][0]["name"] == "flunders"
    aggregated = (await apiserver.call("GET", "/apis", headers={"Accept": AGGREGATED})).json
    (item,) = [item for item in aggregated["items"] if item["metadata"].get("name") == GROUP]
    (version,) = item["versions"]
    assert version["freshness"] == "Current"
    assert version["resources"][0]["resource"] == "flunders" and version["resources"][0]["scope"] == "Namespaced"
    assert version["resources"][0]["subresources"][0]["subresource"] == "status"
    document = (await apiserver.call("GET", "/openapi/v2")).json
    assert f"/apis/{GROUP}/{VERSION}/flunders" in document["paths"] and "/apis/other/v1/x" not in document["paths"]
    meta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
    definition = document["definitions"][FLUNDER]
    assert definition["properties"]["metadata"]["$ref"] == f"#/definitions/{meta}_v2"
    assert document["definitions"][f"{meta}_v2"]["description"] == "of wardle"
    assert "unused" not in document["definitions"]
    index = (await apiserver.call("GET", "/openapi/v3")).json["paths"]
    v3 = (await apiserver.call("GET", index[f"apis/{GROUP}/{VERSION}"]["serverRelativeURL"])).json
    post = v3["paths"][f"/apis/{GROUP}/{VERSION}/flunders"]["post"]
    assert post["requestBody"]["content"]["*/*"]["schema"] == {"$ref": f"#/components/schemas/{FLUNDER}"}


async def test_reasons_why_it_is_not_available(apiserver: RunningServer, extension: ExtensionServer) -> None:
    await register(apiserver, extension, service=False)
    found = await condition(apiserver, lambda item: item["reason"] == "ServiceNotFound")
    assert found["message"] == 'service/wardle in "default" is not present'
    answer = await apiserver.call("GET", FLUNDERS)
    assert (answer.status, answer.body) == (503, b"service unavailable\n")
    services = "/api/v1/namespaces/default/services"
    spec: Json = {"selector": {"a": "b"}, "ports": [{"name": "https", "port": 1}]}
    await apiserver.create(services, {"metadata": {"name": "wardle"}, "spec": spec})
    await condition(apiserver, lambda item: item["reason"] == "ServicePortError")
    await apiserver.call("DELETE", f"{services}/wardle")
    spec["ports"][0]["port"] = extension.port
    await apiserver.create(services, {"metadata": {"name": "wardle"}, "spec": spec})
    await condition(apiserver, lambda item: item["reason"] == "EndpointsNotFound")
    piece = {
        "metadata": {"name": "wardle-1", "labels": {"kubernetes.io/service-name": "wardle"}},
        "addressType": "IPv4", "endpoints": [], "ports": [{"name": "https", "port": 1}],
    }  # fmt: skip
    await apiserver.create("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", piece)
    await condition(apiserver, lambda item: item["reason"] == "MissingEndpoints")
    groups = [group["name"] for group in (await apiserver.call("GET", "/apis")).json["groups"]]
    assert GROUP in groups  # a client must see that something is missing
    aggregated = (await apiserver.call("GET", "/apis", headers={"Accept": AGGREGATED})).json
    (item,) = [item for item in aggregated["items"] if item["metadata"].get("name") == GROUP]
    assert item["versions"] == [{"version": VERSION, "freshness": "Stale"}]


async def test_a_server_that_fails_is_told_of(apiserver: RunningServer, extension: ExtensionServer) -> None:
    extension.healthy = False
    await register(apiserver, extension)
    found = await condition(apiserver, lambda item: item["reason"] == "FailedDiscoveryCheck")
    assert "bad status from" in found["message"]
    extension.healthy = True
    await available(apiserver)
    await apiserver.call("DELETE", f"{API_SERVICES}/{NAME}")
    async with asyncio.timeout(5):
        while (await apiserver.call("GET", f"/apis/{GROUP}")).status != 404:  # noqa: ASYNC110 - a real server
            await asyncio.sleep(0.02)
    assert (await apiserver.call("GET", FLUNDERS)).status == 404


async def test_what_is_served_here_is_registered(apiserver: RunningServer) -> None:
    found = await condition(apiserver, lambda item: item["status"] == "True", "v1.apps")
    assert (found["reason"], found["message"]) == ("Local", "Local APIServices are always available")
    await condition(apiserver, lambda item: item["status"] == "True", "v1.")
    await apiserver.call("DELETE", f"{API_SERVICES}/v1.batch")
    await condition(apiserver, lambda item: item["status"] == "True", "v1.batch")


async def test_extension_servers_are_told_whom_to_trust(apiserver: RunningServer) -> None:
    path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
    data = (await apiserver.call("GET", path)).json["data"]
    assert data["requestheader-client-ca-file"] == data["client-ca-file"]
    assert json.loads(data["requestheader-allowed-names"]) == ["kubernetes-admin"]
    assert json.loads(data["requestheader-username-headers"]) == ["X-Remote-User"]
    assert json.loads(data["requestheader-group-headers"]) == ["X-Remote-Group"]
    assert json.loads(data["requestheader-extra-headers-prefix"]) == ["X-Remote-Extra-"]
