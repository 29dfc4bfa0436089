"""Models: core/config.py."""

from typing import Annotated

from minik8s.api.base import Base64, ListMap, MergeKey, Model, sent
from minik8s.api.core.reference import LocalObjectReference, ObjectReference
from minik8s.api.meta import ObjectMeta


class ConfigMap(Model):
    """Config Map."""

    api_version: str = sent("v1")
    kind: str = sent("ConfigMap")
    metadata: ObjectMeta = sent(ObjectMeta)
    binary_data: dict[str, Base64] = {}
    data: dict[str, str] = {}
    immutable: bool | None = None


class Secret(Model):
    """Secret."""

    api_version: str = sent("v1")
    kind: str = sent("Secret")
    metadata: ObjectMeta = sent(ObjectMeta)
    data: dict[str, Base64] = {}
    immutable: bool | None = None
    string_data: dict[str, str] = {}
    type: str | None = None


class ServiceAccount(Model):
    """Service Account."""

    api_version: str = sent("v1")
    kind: str = sent("ServiceAccount")
    metadata: ObjectMeta = sent(ObjectMeta)
    automount_service_account_token: bool | None = None
    image_pull_secrets: list[LocalObjectReference] = []
    secrets: Annotated[list[ObjectReference], MergeKey("name"), ListMap("name")] = []
