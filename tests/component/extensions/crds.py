# ruff: noqa: ASYNC110 - waits on a server; long requests
"""Definitions for the tests, and how to wait for them."""

from __future__ import annotations

import asyncio
from typing import Any

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "stable.example.com"
SPEC = {
    "type": "object",
    "required": ["cronSpec"],
    "properties": {
        "cronSpec": {"type": "string"},
        "replicas": {"type": "integer", "default": 1, "maximum": 10},
        "color": {"type": "string"},
        "selector": {"type": "string"},
    },
}
SCHEMA = {
    "type": "object",
    "properties": {"spec": SPEC, "status": {"type": "object", "properties": {"replicas": {"type": "integer"}}}},
}


def version(name: str = "v1", storage: bool = True, schema: Any = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "served": True, "storage": storage, "schema": {"openAPIV3Schema": schema or SCHEMA}} | more


def crd(*versions: dict[str, Any], plural: str = "crontabs", kind: str = "CronTab", **spec: Any) -> dict[str, Any]:
    names = {"plural": plural, "kind": kind, "categories": ["all"]} | spec.pop("names", {})
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": list(versions) or [version()]}
        | spec,
    }


def path(version: str = "v1", plural: str = "crontabs", namespace: str = "default", name: str = "") -> str:
    return f"/apis/{GROUP}/{version}/namespaces/{namespace}/{plural}" + (f"/{name}" if name else "")


def tab(name: str = "x", version: str = "v1", **spec: Any) -> dict[str, Any]:
    spec = {"cronSpec": "* * * * *"} | spec
    return {"apiVersion": f"{GROUP}/{version}", "kind": "CronTab", "metadata": {"name": name}, "spec": spec}


async def condition(apiserver: Any, name: str, kind: str, status: str = "True") -> dict[str, Any]:
    """The definition, once it has that condition."""
    async with asyncio.timeout(10):
        while True:
            found = (await apiserver.call("GET", f"{CRDS}/{name}")).json
            for one in found.get("status", {}).get("conditions", []):
                if one["type"] == kind and one["status"] == status:
                    return found  # type: ignore[no-any-return]
            await asyncio.sleep(0.005)


async def establish(apiserver: Any, definition: dict[str, Any]) -> dict[str, Any]:
    await apiserver.create(CRDS, definition)
    return await condition(apiserver, definition["metadata"]["name"], "Established")


async def gone(apiserver: Any, where: str) -> None:
    async with asyncio.timeout(10):
        while (await apiserver.call("GET", where)).status != 404:
            await asyncio.sleep(0.005)


async def change(apiserver: Any, name: str, edit: Any) -> dict[str, Any]:
    """Read, edit, write the definition."""
    found = (await apiserver.call("GET", f"{CRDS}/{name}")).json
    edit(found)
    answer = await apiserver.call("PUT", f"{CRDS}/{name}", found)
    assert answer.status == 200, answer.body
    return answer.json  # type: ignore[no-any-return]
