"""Models: core/env.py."""

from minik8s.api.base import Model, QuantityStr


class ConfigMapKeySelector(Model, atomic=True):
    """Config Map Key Selector."""

    key: str
    name: str | None = None
    optional: bool | None = None


class SecretKeySelector(Model, atomic=True):
    """Secret Key Selector."""

    key: str
    name: str | None = None
    optional: bool | None = None


class ObjectFieldSelector(Model, atomic=True):
    """Object Field Selector."""

    field_path: str
    api_version: str | None = None


class ResourceFieldSelector(Model, atomic=True):
    """Resource Field Selector."""

    resource: str
    container_name: str | None = None
    divisor: QuantityStr | None = None


class EnvVarSource(Model):
    """Env Var Source."""

    config_map_key_ref: ConfigMapKeySelector | None = None
    field_ref: ObjectFieldSelector | None = None
    resource_field_ref: ResourceFieldSelector | None = None
    secret_key_ref: SecretKeySelector | None = None


class EnvVar(Model):
    """Env Var."""

    name: str
    value: str | None = None
    value_from: EnvVarSource | None = None


class ConfigMapEnvSource(Model):
    """Config Map Env Source."""

    name: str | None = None
    optional: bool | None = None


class SecretEnvSource(Model):
    """Secret Env Source."""

    name: str | None = None
    optional: bool | None = None


class EnvFromSource(Model):
    """Env From Source."""

    config_map_ref: ConfigMapEnvSource | None = None
    prefix: str | None = None
    secret_ref: SecretEnvSource | None = None
