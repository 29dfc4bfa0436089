"""core/v1: References to other objects.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Model


class ObjectReference(Model, atomic=True):
    """Points at an object, or at a part of it."""

    kind: str | None = None  #: Its kind.
    namespace: str | None = None  #: Its namespace.
    name: str | None = None  #: Its name.
    uid: str | None = None  #: Its uid.
    api_version: str | None = None  #: Its group and version.
    resource_version: str | None = None  #: The version that is meant.
    field_path: str | None = None  #: The part that is meant: spec.containers{web}.


class LocalObjectReference(Model, atomic=True):
    """Points at an object of known kind in the same namespace."""

    name: str | None = None  #: Its name.


class SecretReference(Model, atomic=True):
    """Points at a Secret."""

    name: str | None = None  #: Its name.
    namespace: str | None = None  #: Its namespace.


class TypedLocalObjectReference(Model, atomic=True):
    """Points at an object in the same namespace."""

    api_group: str | None = None  #: Its group; empty for the core.
    kind: str  #: Its kind.
    name: str  #: Its name.


class TypedObjectReference(Model):
    """Points at an object, perhaps in another namespace."""

    api_group: str | None = None  #: Its group; empty for the core.
    kind: str  #: Its kind.
    name: str  #: Its name.
    namespace: str | None = None  #: Its namespace.
