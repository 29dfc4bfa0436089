"""Custom resources outlive their server."""

import asyncio
from pathlib import Path

from minik8s.apiserver.server import ApiServer, Options
from tests.component.conftest import RunningServer
from tests.component.extensions.crds import GROUP, crd, establish, path, tab


async def test_definitions_and_instances_are_served_after_a_restart(apiserver, component_pki, tmp_path):
    await establish(apiserver, crd())
    created = await apiserver.create(path(), tab())
    await apiserver.aclose()
    options: Options = apiserver.server.options
    await apiserver.server.stop()
    options.secure_port = 0
    server = ApiServer(options)
    await server.start()
    try:
        await asyncio.wait_for(server.ready(), 30)
        again = RunningServer(server, component_pki, Path(tmp_path))
        assert (await again.call("GET", path(name="x"))).json == created
        assert (await again.call("GET", f"/apis/{GROUP}/v1")).status == 200
        await again.create(path(), tab("y"))
        listed = (await again.call("GET", path())).json["items"]
        assert [one["metadata"]["name"] for one in listed] == ["x", "y"]
    finally:
        await server.stop()
