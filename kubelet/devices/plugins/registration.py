"""Where device plugins register: `<root-dir>/device-plugins/kubelet.sock`.

Mirrors Register and Start of upstream pkg/kubelet/cm/devicemanager/plugin/v1beta1/server.go. At each start of the
kubelet all sockets in the folder are removed and ours is made anew: that is how plugins learn that they must register
again. Leaves out the plugin watcher's second way in (plugins_registry).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minik8s.client.log import get_logger
from minik8s.kubelet.devices.manager import DeviceManager
from minik8s.kubelet.devices.plugins import messages
from minik8s.kubelet.devices.plugins.endpoint import PluginEndpoint
from minik8s.kubelet.devices.plugins.listener import LazySocket

log = get_logger(__name__)

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")


class Registration:
    """Serves the registry of one node, and follows every plugin that came, until cancelled."""

    def __init__(self, root: Path, manager: DeviceManager, on_register: Callable[[str], None]) -> None:
        self._folder, self._manager, self._on_register = root / "device-plugins", manager, on_register
        self._socket = LazySocket(self._folder / messages.KUBELET_SOCKET, root / "r.sock", self._serve)
        self._server: Any = None
        self._endpoints: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        try:
            self._remove_stale()
            await self._socket.open()
        except OSError as exc:
            log.warning("device plugins cannot register", error=str(exc))
            return
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            for task in self._endpoints.values():
                task.cancel()
            if self._server is not None:
                await self._server.stop(None)
            await self._socket.close()
            await asyncio.gather(*self._endpoints.values(), return_exceptions=True)

    def _remove_stale(self) -> None:
        self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        for path in self._folder.iterdir():
            if not path.is_dir():
                path.unlink(missing_ok=True)

    async def _serve(self, private: Path) -> None:
        grpc = await load_grpc()
        self._server = grpc.aio.server()
        add_service(self._server, messages.REGISTRATION, {"Register": (self._register, messages.RegisterRequest)})
        self._server.add_insecure_port(f"unix:{private}")
        await self._server.start()

    async def _register(self, request: messages.RegisterRequest, context: Any) -> messages.Empty:
        log.info("device plugin registers", resource=request.resource_name, endpoint=request.endpoint)
        if problem := compute_problem(request):
            log.warning("device plugin refused", resource=request.resource_name, error=problem)
            import grpc

            await context.abort(grpc.StatusCode.UNKNOWN, problem)
        old = self._endpoints.pop(request.resource_name, None)
        endpoint = PluginEndpoint(
            request.resource_name,
            self._folder / Path(request.endpoint).name,
            request.options or messages.DevicePluginOptions(),
        )
        # the plugin serves its own socket only once this call has been answered
        self._endpoints[request.resource_name] = asyncio.create_task(self._follow(endpoint, old))
        self._on_register(request.resource_name)
        return messages.Empty()

    async def _follow(self, endpoint: PluginEndpoint, old: asyncio.Task[None] | None) -> None:
        if old is not None:
            old.cancel()
        await endpoint.run(self._manager)


def compute_problem(request: messages.RegisterRequest) -> str:
    """Upstream's words for a registration that is refused; "" for one that is well."""
    if request.version != messages.VERSION:
        refused = f'requested API version "{request.version}" is not supported by kubelet.'
        return f"{refused} Supported version is [{messages.VERSION}]"
    if not is_extended_resource(request.resource_name):
        return f'the ResourceName "{request.resource_name}" is invalid'
    return ""


def is_extended_resource(name: str) -> bool:
    """`domain/name` outside kubernetes.io, as IsExtendedResourceName has it."""
    domain, slash, rest = name.partition("/")
    if not slash or domain == "kubernetes.io" or domain.endswith(".kubernetes.io") or name.startswith("requests."):
        return False
    return bool(_DOMAIN.fullmatch(domain) and _NAME.fullmatch(rest)) and len(rest) <= 63


async def load_grpc() -> Any:
    """The import takes a while: in a thread, so that pods go on meanwhile."""
    import importlib

    return await asyncio.to_thread(importlib.import_module, "grpc")


def add_service(server: Any, name: str, methods: dict[str, tuple[Callable[..., Any], type[Any]]]) -> None:
    """Unary methods: name → (coroutine function of request and context, the request's message class)."""
    import grpc

    handlers = {
        method: grpc.unary_unary_rpc_method_handler(
            function, request_deserializer=kind.decode, response_serializer=lambda message: message.encode()
        )
        for method, (function, kind) in methods.items()
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
