"""coordination.k8s.io/v1: Lease, for heartbeats and elections.

Mirrors upstream's staging/src/k8s.io/api/coordination/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Int32, MicroTime, Model, sent
from minik8s.api.meta import ObjectMeta


class LeaseSpec(Model):
    """Who holds a lease, and until when."""

    holder_identity: str | None = None  #: Who.
    lease_duration_seconds: Int32 | None = None  #: It lapses so long after renewTime.
    acquire_time: MicroTime | None = None  #: Since when this holder.
    renew_time: MicroTime | None = None  #: When it was last renewed.
    lease_transitions: Int32 | None = None  #: How often it changed hands.
    strategy: str | None = None  #: How the holder is chosen, in coordinated elections.
    preferred_holder: str | None = None  #: Who should have it next.


class Lease(Model):
    """A claim that must be renewed: heartbeats of nodes, election of leaders."""

    api_version: str = sent("coordination.k8s.io/v1")
    kind: str = sent("Lease")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: LeaseSpec = sent(LeaseSpec)
