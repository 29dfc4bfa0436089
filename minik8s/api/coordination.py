"""Models: coordination.py."""

from minik8s.api.base import Int32, MicroTime, Model, sent
from minik8s.api.meta import ObjectMeta


class LeaseSpec(Model):
    """Lease Spec."""

    acquire_time: MicroTime | None = None
    holder_identity: str | None = None
    lease_duration_seconds: Int32 | None = None
    lease_transitions: Int32 | None = None
    preferred_holder: str | None = None
    renew_time: MicroTime | None = None
    strategy: str | None = None


class Lease(Model):
    """Lease."""

    api_version: str = sent("coordination.k8s.io/v1")
    kind: str = sent("Lease")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: LeaseSpec = sent(LeaseSpec)
