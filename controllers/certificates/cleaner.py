"""Removes CertificateSigningRequests that have had their answer, or will get none.

Mirrors upstream's pkg/controller/certificates/cleaner/cleaner.go. Upstream walks over all of them once an hour; here
each request is looked at when its own time has come. Leaves out: certificates that expired before their request did.
"""

from minik8s.api.certificates import CertificateSigningRequest as Request
from minik8s.api.meta import parse_time
from minik8s.api.status import Conflict, NotFound
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.context import Context

ANSWERED_SECONDS = 3600.0
PENDING_SECONDS = 24 * 3600.0


def compute_expiry(request: Request) -> float | None:
    """When a request may go: an hour after its answer, a day after it was made when nobody decided."""
    decided = {condition.type: condition for condition in request.status.conditions}
    for kind in ("Denied", "Failed", "Approved"):
        condition = decided.get(kind)
        if condition is None:
            continue
        if kind == "Approved" and not request.status.certificate:
            return None  # approved and not signed: its signer may be late
        when = condition.last_update_time or request.metadata.creation_timestamp
        return parse_time(when) + ANSWERED_SECONDS if when else None
    made = request.metadata.creation_timestamp
    return parse_time(made) + PENDING_SECONDS if made else None


class CleanerController(Controller):
    """Keys are requests' names."""

    name = "csrcleaner"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client)
        self.requests: Informer[Request] = self.use(context.informer(Request))
        self.requests.add_handler(lambda event, old, new: self.enqueue(new or old))

    async def reconcile(self, key: str) -> float | None:
        request = self.requests.get(key)
        expiry = compute_expiry(request) if request is not None else None
        if request is None or expiry is None:
            return None
        left = expiry - self.clock.now()
        if left > 0:
            return left
        meta = request.metadata
        try:
            await self.client.delete(Request, meta.name, uid=meta.uid, resource_version=meta.resource_version)
        except (NotFound, Conflict):
            return None  # gone, or changed: its event brings it back
        return None
