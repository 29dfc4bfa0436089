"""pods/{name}/eviction: a delete that a PodDisruptionBudget may refuse.

Mirrors pkg/registry/core/pod/storage/eviction.go. The budget's status is spent by compare-and-swap
(disruptionsAllowed, disruptedPods) before the pod is deleted, so that two evictions cannot spend the same allowance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minik8s.api.meta import format_time
from minik8s.api.scheme import SCHEME, Kind
from minik8s.api.selectors import LabelSelector
from minik8s.api.status import BadRequest, InternalError, NotFound, TooManyRequests
from minik8s.apiserver.registry import delete as deletion
from minik8s.apiserver.registry.admit import admit
from minik8s.apiserver.registry.decode import WARN, decode_object
from minik8s.apiserver.registry.interface import Context
from minik8s.apiserver.registry.resources import Resource
from minik8s.apiserver.routes.bodies import read_json
from minik8s.apiserver.routes.http import Request, Response, json_response

if TYPE_CHECKING:
    from minik8s.apiserver.app import Server

JsonObject = dict[str, Any]
MAX_DISRUPTED_PODS = 2000
EVICTION = Kind("policy", "v1", "Eviction", "evictions", "eviction", model_path="minik8s.api.policy:Eviction")


async def serve(server: Server, request: Request, resource: Resource) -> Response:
    info = request.info
    body = (await read_json(request)).replace(b'"policy/v1beta1"', b'"policy/v1"', 1)
    eviction = decode_object(body, EVICTION, WARN, request.warnings)
    given = eviction["metadata"].get("name")
    if given and given != info.name:
        raise BadRequest("name in URL does not match name in Eviction object")
    options = eviction.get("deleteOptions") or {}
    deletion.validate_options(options)
    dry_run = bool(options.get("dryRun")) or "dryRun" in request.query
    entry = await resource.cache.get(resource.key(info.namespace, info.name))
    if entry is None:
        raise NotFound.of("pods", info.name)
    pod = resource.decode(entry)
    deletion.check_preconditions(resource, info.name, pod["metadata"], options.get("preconditions") or {})
    ctx = Context(resource.kind, server.registry, request.user, info.namespace, info.name, "eviction", dry_run)
    ctx.options, ctx.warnings = {"dryRun": ["All"]} if dry_run else {}, request.warnings
    await admit(ctx, eviction)
    if not ignores_budgets(pod):
        await _spend_budget(server, pod, dry_run)
    ctx = Context(resource.kind, server.registry, request.user, info.namespace, info.name, "", dry_run, options)
    await deletion.delete(server.registry, ctx, admit=False)  # as upstream: the eviction was admitted, that is all
    return json_response({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)


def ignores_budgets(pod: JsonObject) -> bool:
    """Pods that do not run, or are going already, may always be evicted."""
    return bool(pod["metadata"].get("deletionTimestamp")) or pod.get("status", {}).get("phase") in (
        "Succeeded",
        "Failed",
        "Pending",
    )


async def _spend_budget(server: Server, pod: JsonObject, dry_run: bool) -> None:
    budgets = SCHEME.by_resource("policy", "v1", "poddisruptionbudgets")
    assert budgets is not None
    meta = pod["metadata"]
    matching = [
        budget
        for budget in await server.registry.list(budgets, meta["namespace"])
        if LabelSelector.from_model((budget.get("spec") or {}).get("selector")).matches(meta.get("labels") or {})
    ]
    if not matching:
        return
    if len(matching) > 1:
        raise InternalError(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        )
    name = matching[0]["metadata"]["name"]
    if dry_run:
        spend(matching[0], meta["name"], format_time(server.now()))
        return

    def change(budget: JsonObject) -> JsonObject:
        spend(budget, meta["name"], format_time(server.now()))
        return budget

    await server.registry.mutate(budgets, meta["namespace"], name, change, "status")


def spend(budget: JsonObject, pod: str, now: str) -> None:
    """Take one disruption from the budget's status, or raise TooManyRequests."""
    status, name = budget.setdefault("status", {}), budget["metadata"]["name"]
    allowed = status.get("disruptionsAllowed") or 0
    if (status.get("observedGeneration") or 0) < (budget["metadata"].get("generation") or 0):
        raise TooManyRequests.disruption_budget(name, "is still being processed by the server.", 10)
    if len(status.get("disruptedPods") or {}) > MAX_DISRUPTED_PODS or allowed <= 0:
        healthy, needed = status.get("currentHealthy") or 0, status.get("desiredHealthy") or 0
        raise TooManyRequests.disruption_budget(name, f"needs {needed} healthy pods and has {healthy} currently")
    status["disruptionsAllowed"] = allowed - 1
    status.setdefault("disruptedPods", {})[pod] = now
