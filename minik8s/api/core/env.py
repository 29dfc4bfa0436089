"""core/v1: Environment variables and their sources.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Model, QuantityStr


class ConfigMapKeySelector(Model, atomic=True):
    """One key of a ConfigMap."""

    name: str | None = None  #: Name of the ConfigMap.
    key: str  #: The key.
    optional: bool | None = None  #: Whether it may be missing.


class SecretKeySelector(Model, atomic=True):
    """One key of a Secret."""

    name: str | None = None  #: Name of the Secret.
    key: str  #: The key.
    optional: bool | None = None  #: Whether it may be missing.


class ObjectFieldSelector(Model, atomic=True):
    """A field of the pod itself."""

    api_version: str | None = None  #: Version that fieldPath is written in; default v1.
    field_path: str  #: metadata.name, metadata.labels['x'], status.podIP, spec.nodeName …


class ResourceFieldSelector(Model, atomic=True):
    """A container's requests or limits."""

    container_name: str | None = None  #: The container; needed in volumes.
    resource: str  #: limits.cpu, requests.memory …
    divisor: QuantityStr | None = None  #: Unit of the result; default 1.


class EnvVarSource(Model):
    """Where a variable's value comes from; one of these."""

    field_ref: ObjectFieldSelector | None = None  #: A field of the pod.
    resource_field_ref: ResourceFieldSelector | None = None  #: Requests or limits of a container.
    config_map_key_ref: ConfigMapKeySelector | None = None  #: A key of a ConfigMap.
    secret_key_ref: SecretKeySelector | None = None  #: A key of a Secret.


class EnvVar(Model):
    """An environment variable."""

    name: str  #: Name of the variable.
    value: str | None = None  #: Its value; $(VAR) is replaced by variables before it.
    value_from: EnvVarSource | None = None  #: Where else its value comes from.


class ConfigMapEnvSource(Model):
    """A ConfigMap whose keys become variables."""

    name: str | None = None  #: Name of the ConfigMap.
    optional: bool | None = None  #: Whether it may be missing.


class SecretEnvSource(Model):
    """A Secret whose keys become variables."""

    name: str | None = None  #: Name of the Secret.
    optional: bool | None = None  #: Whether it may be missing.


class EnvFromSource(Model):
    """A source of many variables."""

    prefix: str | None = None  #: Put before each name.
    config_map_ref: ConfigMapEnvSource | None = None  #: All keys of a ConfigMap.
    secret_ref: SecretEnvSource | None = None  #: All keys of a Secret.
