"""core/v1: ConfigMap, Secret and ServiceAccount.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Base64, ListMap, MergeKey, Model, sent
from minik8s.api.core.reference import LocalObjectReference, ObjectReference
from minik8s.api.meta import ObjectMeta


class ConfigMap(Model):
    """Configuration as key and value, for pods to read as files or environment."""

    api_version: str = sent("v1")
    kind: str = sent("ConfigMap")
    metadata: ObjectMeta = sent(ObjectMeta)
    data: dict[str, str] = {}  #: Text values; keys may be file names.
    binary_data: dict[str, Base64] = {}  #: Binary values, in base64.
    immutable: bool | None = None  #: If true, data never changes again.


class Secret(Model):
    """Sensitive values, kept apart from pod specs."""

    api_version: str = sent("v1")
    kind: str = sent("Secret")
    metadata: ObjectMeta = sent(ObjectMeta)
    data: dict[str, Base64] = {}  #: Values in base64.
    type: str | None = None  #: What it is for: Opaque, kubernetes.io/tls, kubernetes.io/dockerconfigjson …
    string_data: dict[str, str] = {}  #: Values in plain text, for writing only; merged into data.
    immutable: bool | None = None  #: If true, data never changes again.


class ServiceAccount(Model):
    """An identity for processes in pods."""

    api_version: str = sent("v1")
    kind: str = sent("ServiceAccount")
    metadata: ObjectMeta = sent(ObjectMeta)
    #: Secrets that its pods may use (mostly historic).
    secrets: Annotated[list[ObjectReference], MergeKey("name"), ListMap("name")] = []
    image_pull_secrets: list[LocalObjectReference] = []  #: Credentials for pulling its pods' images.
    automount_service_account_token: bool | None = None  #: Whether pods get its token as files.
