"""The environment of a container.

Mirrors makeEnvironmentVariables of upstream pkg/kubelet/kubelet_pods.go. Pure: the caller fetches the config maps
and secrets that `references` names (None = it does not exist) and hands them in.

Order, as upstream: `env` entries as declared (later ones may use earlier ones by `$(NAME)`), then what only `envFrom`
brought, then service variables that nothing overrode.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from minik8s.api import core
from minik8s.kubelet.downward import FieldError, PodFacts, field_value, resource_value
from minik8s.kubelet.expansion import expand_from

_ENV_NAME = re.compile(r"^[\x21-\x3c\x3e-\x7e][\x20-\x3c\x3e-\x7e]*$")


class ConfigError(Exception):
    """The container cannot be configured now: CreateContainerConfigError with this message."""


@dataclass(frozen=True)
class References:
    config_maps: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()


@dataclass(frozen=True)
class EnvSources:
    """Everything outside the pod's spec that an environment is made from."""

    facts: PodFacts
    config_maps: Mapping[str, core.ConfigMap | None] = field(default_factory=dict)
    secrets: Mapping[str, core.Secret | None] = field(default_factory=dict)
    service_env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EnvResult:
    variables: dict[str, str]
    #: (kind "configMap" | "secret", object name, keys that are no variable names)
    skipped: tuple[tuple[str, str, tuple[str, ...]], ...] = ()


def references(container: core.Container) -> References:
    """The names of config maps and secrets that `container`'s environment reads."""
    config_maps: set[str] = set()
    secrets: set[str] = set()
    for source in container.env_from:
        if source.config_map_ref:
            config_maps.add(source.config_map_ref.name or "")
        if source.secret_ref:
            secrets.add(source.secret_ref.name or "")
    for variable in container.env:
        origin = variable.value_from
        if origin and origin.config_map_key_ref:
            config_maps.add(origin.config_map_key_ref.name or "")
        if origin and origin.secret_key_ref:
            secrets.add(origin.secret_key_ref.name or "")
    return References(frozenset(config_maps), frozenset(secrets))


def compute_env(container: core.Container, sources: EnvSources) -> EnvResult:
    inherited, skipped = _from_sources(container, sources)
    result: dict[str, str] = {}
    known = dict(inherited)
    for variable in container.env:
        value = _variable(variable, container, sources, known)
        if value is None:
            continue
        result.pop(variable.name, None)
        result[variable.name] = known[variable.name] = value
    for name, value in (*inherited.items(), *sources.service_env.items()):
        result.setdefault(name, value)
    return EnvResult(result, tuple(skipped))


def _from_sources(
    container: core.Container, sources: EnvSources
) -> tuple[dict[str, str], list[tuple[str, str, tuple[str, ...]]]]:
    env: dict[str, str] = {}
    skipped: list[tuple[str, str, tuple[str, ...]]] = []
    for source in container.env_from:
        if source.config_map_ref:
            kind, name = "configMap", source.config_map_ref.name or ""
            data = _config_map_data(name, bool(source.config_map_ref.optional), sources)
        elif source.secret_ref:
            kind, name = "secret", source.secret_ref.name or ""
            data = _secret_data(name, bool(source.secret_ref.optional), sources)
        else:
            continue
        invalid = []
        for key, value in sorted((data or {}).items()):
            full = (source.prefix or "") + key
            if _ENV_NAME.match(full):
                env[full] = value
            else:
                invalid.append(full)
        if invalid:
            skipped.append((kind, name, tuple(sorted(invalid))))
    return env, skipped


def _variable(
    variable: core.EnvVar, container: core.Container, sources: EnvSources, known: Mapping[str, str]
) -> str | None:
    """The value of one `env` entry; None when it is optional and absent."""
    if variable.value:
        return expand_from(variable.value, known, sources.service_env)
    origin = variable.value_from
    if origin is None:
        return ""
    try:
        if origin.field_ref:
            return field_value(origin.field_ref.field_path, sources.facts)
        if origin.resource_field_ref:
            ref = origin.resource_field_ref
            return resource_value(ref.resource, ref.divisor, container, sources.facts)
    except FieldError as exc:
        raise ConfigError(str(exc)) from exc
    namespace = sources.facts.pod.metadata.namespace or ""
    if origin.config_map_key_ref:
        key_ref = origin.config_map_key_ref
        data = _config_map_data(key_ref.name or "", bool(key_ref.optional), sources)
        return _key(data, key_ref.key, bool(key_ref.optional), f"ConfigMap {namespace}/{key_ref.name}")
    if origin.secret_key_ref:
        secret_ref = origin.secret_key_ref
        data = _secret_data(secret_ref.name or "", bool(secret_ref.optional), sources)
        return _key(data, secret_ref.key, bool(secret_ref.optional), f"Secret {namespace}/{secret_ref.name}")
    return ""


def _key(data: Mapping[str, str] | None, key: str, optional: bool, owner: str) -> str | None:
    if data is None:
        return None
    if key in data:
        return data[key]
    if optional:
        return None
    raise ConfigError(f"couldn't find key {key} in {owner}")


def _config_map_data(name: str, optional: bool, sources: EnvSources) -> Mapping[str, str] | None:
    found = sources.config_maps.get(name)
    if found is None:
        if optional:
            return None
        raise ConfigError(f'configmap "{name}" not found')
    return found.data


def _secret_data(name: str, optional: bool, sources: EnvSources) -> Mapping[str, str] | None:
    found = sources.secrets.get(name)
    if found is None:
        if optional:
            return None
        raise ConfigError(f'secret "{name}" not found')
    return {key: base64.b64decode(value).decode("utf-8", "surrogateescape") for key, value in found.data.items()}
