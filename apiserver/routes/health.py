"""/healthz, /livez, /readyz: is the server alive, may traffic come.

Mirrors staging/src/k8s.io/apiserver/pkg/server/healthz: one line per check with ?verbose, ?exclude=name leaves checks
out, /readyz/<check> asks one. Answered before anything heavy is imported, and without authentication.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from minik8s.apiserver.routes.http import TEXT, Request, Response
from minik8s.component import get_logger

log = get_logger(__name__)

#: None: well; a text: why not.
Check = Callable[[], Awaitable[str | None]]
ROOTS = ("healthz", "livez", "readyz")


class Health:
    """Named checks. Liveness leaves out what only says that the server is still starting or already stopping."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {"ping": _ping}
        self._only_ready: set[str] = set()

    def add(self, name: str, check: Check, only_ready: bool = False) -> None:
        self._checks[name] = check
        if only_ready:
            self._only_ready.add(name)

    async def respond(self, request: Request) -> Response:
        """The answer for /root or /root/check."""
        root, _, single = request.path.strip("/").partition("/")
        names = [name for name in self._checks if root == "readyz" or name not in self._only_ready]
        if single:
            if single not in names:
                return Response(404, b"404 page not found\n", TEXT)
            names = [single]
        excluded = set(request.query_list("exclude"))
        lines, failed = [], []
        for name in names:
            if name in excluded:
                lines.append(f"[+]{name} excluded: ok")
                continue
            reason = await self._checks[name]()
            if reason is None:
                lines.append(f"[+]{name} ok")
            else:
                failed.append(f"{name}: {reason}")
                lines.append(f"[-]{name} failed: reason withheld")
        return _render(root, lines, failed, "verbose" in request.query, bool(single))


def _render(root: str, lines: list[str], failed: list[str], verbose: bool, single: bool) -> Response:
    if failed:
        log.debug("health check failed", path=root, failed="; ".join(failed))
        return Response(500, ("\n".join(lines) + f"\n{root} check failed\n").encode(), TEXT)
    if verbose and not single:
        return Response(200, ("\n".join(lines) + f"\n{root} check passed\n").encode(), TEXT)
    return Response(200, b"ok", TEXT)


async def _ping() -> str | None:
    return None
