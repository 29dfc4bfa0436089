# ruff: noqa: ASYNC110 - waits on a server; long requests
"""Conversion between versions by a webhook: reads, lists, watches, writes, and what goes wrong."""

import asyncio
import base64
import json

import pytest

from minik8s.serving import Server, create_ssl_context
from tests.component.extensions.crds import CRDS, GROUP, change, crd, establish, path, version

#: v1 has spec.hostPort, v2 has spec.host and spec.port.
V1 = {"type": "object", "properties": {"hostPort": {"type": "string"}}}
V2 = {"type": "object", "properties": {"host": {"type": "string"}, "port": {"type": "string"}}}


class Webhook:
    """An ASGI application that converts, and can be told to fail."""

    def __init__(self):
        self.calls, self.fault = [], ""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        review = json.loads(body)
        self.calls.append(review["request"])
        answer = json.dumps(self.answer(review)).encode()
        await send(
            {
                "type": "http.response.start",
                "status": 500 if self.fault == "status" else 200,
                "headers": [(b"content-length", b"%d" % len(answer))],
            }
        )
        await send({"type": "http.response.body", "body": answer})

    def answer(self, review):
        request = review["request"]
        converted = [convert(obj, request["desiredAPIVersion"]) for obj in request["objects"]]
        response = {"uid": request["uid"], "result": {"status": "Success"}, "convertedObjects": converted}
        if self.fault == "refuse":
            response = {"uid": request["uid"], "result": {"status": "Failure", "message": "not today"}}
        elif self.fault == "uid":
            response["uid"] = "other"
        elif self.fault == "few":
            response["convertedObjects"] = []
        elif self.fault == "name":
            converted[0]["metadata"]["name"] = "stolen"
        elif self.fault == "metadata":
            converted[0]["metadata"]["finalizers"] = ["x/y"]
            converted[0]["metadata"]["labels"] = {"by": "webhook"}
        return {"kind": "ConversionReview", "apiVersion": review["apiVersion"], "response": response}


def convert(obj, wanted):
    obj = obj | {"apiVersion": wanted}
    if wanted.endswith("/v2") and "hostPort" in obj:
        obj["host"], _, obj["port"] = obj.pop("hostPort").partition(":")
    elif wanted.endswith("/v1") and "host" in obj:
        obj["hostPort"] = f"{obj.pop('host')}:{obj.pop('port')}"
    return obj


@pytest.fixture
async def webhook(component_pki):
    context = create_ssl_context(component_pki / "server.crt", component_pki / "server.key")
    app = Webhook()
    server = Server(app, "127.0.0.1", 0, context)
    await server.start()
    app.url = f"https://127.0.0.1:{server.port}/convert"
    app.bundle = base64.b64encode((component_pki / "ca.crt").read_bytes()).decode()
    yield app
    await server.stop()


@pytest.fixture
async def served(apiserver, webhook):
    client = {"url": webhook.url, "caBundle": webhook.bundle}
    conversion = {"strategy": "Webhook", "webhook": {"clientConfig": client, "conversionReviewVersions": ["v1"]}}
    versions = (version("v1", schema=V1), version("v2", storage=False, schema=V2))
    await establish(apiserver, crd(*versions, conversion=conversion))
    return apiserver


def obj(name, version, **fields):
    return {"apiVersion": f"{GROUP}/{version}", "kind": "CronTab", "metadata": {"name": name}} | fields


async def test_reads_and_lists(served, webhook):
    await served.create(path(), obj("a", "v1", hostPort="h:1"))
    assert webhook.calls == []
    created = await served.create(path("v2"), obj("b", "v2", host="i", port="2"))
    assert created["host"] == "i" and created["apiVersion"] == f"{GROUP}/v2"
    found = (await served.call("GET", path("v2", name="a"))).json
    assert (found["host"], found["port"], "hostPort" in found) == ("h", "1", False)
    assert (await served.call("GET", path("v1", name="b"))).json["hostPort"] == "i:2"
    webhook.calls.clear()
    listed = (await served.call("GET", path("v2"))).json["items"]
    assert [(one["host"], one["port"]) for one in listed] == [("h", "1"), ("i", "2")]
    assert len(webhook.calls) == 1 and len(webhook.calls[0]["objects"]) == 2  # one review for the whole list


async def test_updates_keep_the_stored_version(served, webhook):
    await served.create(path(), obj("a", "v1", hostPort="h:1"))
    merge = {"Content-Type": "application/merge-patch+json"}
    answer = await served.call("PATCH", path("v2", name="a"), {"port": "9"}, merge)
    assert (answer.json["host"], answer.json["port"], answer.json["metadata"]["generation"]) == ("h", "9", 2)
    assert (await served.call("GET", path("v1", name="a"))).json["hostPort"] == "h:9"
    stored = await served.server.store.get(f"/registry/{GROUP}/crontabs/default/a")
    assert b'"hostPort":"h:9"' in stored.value and b'"host":' not in stored.value
    assert (await served.call("DELETE", path("v2", name="a"))).status == 200


async def test_watches(served, webhook):
    await served.create(path(), obj("a", "v1", hostPort="h:1"))
    watch = await served.open("GET", path("v2") + "?watch=1")
    assert (await watch.next())["object"]["host"] == "h"
    await served.create(path(), obj("b", "v1", hostPort="i:2"))
    await served.call("DELETE", path(name="a"))
    events = [await watch.next() for _ in range(2)]
    assert [(event["type"], event["object"]["host"]) for event in events] == [("ADDED", "i"), ("DELETED", "h")]
    webhook.fault = "refuse"
    await served.create(path(), obj("c", "v1", hostPort="j:3"))
    event = await watch.next()
    assert event["type"] == "ERROR" and "not today" in event["object"]["message"]
    assert await watch.next() is None


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("refuse", "not today"),
        ("uid", "expected response.uid="),
        ("few", "returned 0 objects, expected 1"),
        ("name", "must have the same name"),
        ("status", "an error on the server"),
    ],
)
async def test_failures_are_reported(served, webhook, fault, message):
    await served.create(path(), obj("a", "v1", hostPort="h:1"))
    webhook.fault = fault
    for where in (path("v2", name="a"), path("v2")):
        answer = await served.call("GET", where)
        assert answer.status == 500
        assert f"conversion webhook for {GROUP}/v1, Kind=CronTab failed: " in answer.message
        assert message in answer.message
    assert (await served.call("GET", path("v1", name="a"))).status == 200


async def test_of_metadata_only_labels_and_annotations_may_change(served, webhook):
    await served.create(path(), obj("a", "v1", hostPort="h:1"))
    webhook.fault = "metadata"
    meta = (await served.call("GET", path("v2", name="a"))).json["metadata"]
    assert meta["labels"] == {"by": "webhook"} and "finalizers" not in meta


async def test_a_webhook_that_is_away(served, webhook):
    await served.create(path(), obj("a", "v1", hostPort="h:1"))

    def edit(found):
        found["spec"]["conversion"]["webhook"]["clientConfig"]["url"] = "https://127.0.0.1:1/x"

    await change(served, f"crontabs.{GROUP}", edit)
    async with asyncio.timeout(5):
        while (answer := await served.call("GET", path("v2", name="a"))).status == 200:
            await asyncio.sleep(0.01)
    assert answer.status == 500 and "connection refused" in answer.message
    answer = await served.call("DELETE", f"{CRDS}/crontabs.{GROUP}")
    assert answer.status == 200
