"""Models: core/reference.py."""

from minik8s.api.base import Model


class ObjectReference(Model, atomic=True):
    """Object Reference."""

    api_version: str | None = None
    field_path: str | None = None
    kind: str | None = None
    name: str | None = None
    namespace: str | None = None
    resource_version: str | None = None
    uid: str | None = None


class LocalObjectReference(Model, atomic=True):
    """Local Object Reference."""

    name: str | None = None


class SecretReference(Model, atomic=True):
    """Secret Reference."""

    name: str | None = None
    namespace: str | None = None


class TypedLocalObjectReference(Model, atomic=True):
    """Typed Local Object Reference."""

    kind: str
    name: str
    api_group: str | None = None


class TypedObjectReference(Model):
    """Typed Object Reference."""

    kind: str
    name: str
    api_group: str | None = None
    namespace: str | None = None
