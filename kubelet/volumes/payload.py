"""Which files a configMap, secret, downwardAPI or projected volume consists of.

Mirrors MakePayload of upstream pkg/volume/{configmap,secret}, CollectData of pkg/volume/downwardapi and
collectData of pkg/volume/projected. Pure: objects come in as looked up (None = does not exist), the tokens as text.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from minik8s.api import core
from minik8s.kubelet.downward import FieldError, PodFacts, field_value, resource_value
from minik8s.kubelet.volumes.atomic_writer import FileContent, Payload

DEFAULT_MODE = 0o644


class VolumeError(Exception):
    """A volume cannot be set up now; the text goes into a FailedMount event."""


@dataclass(frozen=True)
class VolumeSources:
    """Everything outside the pod's spec that its volumes are made from."""

    facts: PodFacts
    config_maps: Mapping[str, core.ConfigMap | None] = field(default_factory=dict)
    secrets: Mapping[str, core.Secret | None] = field(default_factory=dict)
    #: (audience, expirationSeconds) → token
    tokens: Mapping[tuple[str, int], str] = field(default_factory=dict)
    #: trust bundle name → PEM, when something serves them
    trust_bundles: Mapping[str, str] = field(default_factory=dict)


def referenced_config_maps(volumes: list[core.Volume]) -> set[str]:
    names = {v.config_map.name or "" for v in volumes if v.config_map}
    for source in _projections(volumes):
        if source.config_map:
            names.add(source.config_map.name or "")
    return names


def referenced_secrets(volumes: list[core.Volume]) -> set[str]:
    names = {v.secret.secret_name or "" for v in volumes if v.secret}
    for source in _projections(volumes):
        if source.secret:
            names.add(source.secret.name or "")
    return names


def referenced_tokens(volumes: list[core.Volume]) -> set[tuple[str, int]]:
    found = set()
    for source in _projections(volumes):
        if source.service_account_token:
            found.add(token_key(source.service_account_token))
    return found


def token_key(source: core.ServiceAccountTokenProjection) -> tuple[str, int]:
    return source.audience or "", source.expiration_seconds or 3600


def _projections(volumes: list[core.Volume]) -> list[core.VolumeProjection]:
    return [source for volume in volumes if volume.projected for source in volume.projected.sources]


def is_payload_volume(volume: core.Volume) -> bool:
    return bool(volume.config_map or volume.secret or volume.downward_api or volume.projected)


def compute_payload(volume: core.Volume, sources: VolumeSources) -> Payload:
    """The files of one payload volume."""
    if volume.config_map:
        cm = volume.config_map
        return _config_map(cm.name or "", cm.items, _mode(cm.default_mode), bool(cm.optional), sources)
    if volume.secret:
        secret = volume.secret
        name = secret.secret_name or ""
        return _secret(name, secret.items, _mode(secret.default_mode), bool(secret.optional), sources)
    if volume.downward_api:
        return _downward(volume.downward_api.items, _mode(volume.downward_api.default_mode), sources)
    if volume.projected:
        return _projected(volume.projected, sources)
    raise VolumeError(f'volume "{volume.name}" has no files of its own')


def _mode(mode: int | None) -> int:
    return DEFAULT_MODE if mode is None else mode


def _projected(volume: core.ProjectedVolumeSource, sources: VolumeSources) -> Payload:
    mode = _mode(volume.default_mode)
    payload: Payload = {}
    for source in volume.sources:
        if source.config_map:
            cm = source.config_map
            payload.update(_config_map(cm.name or "", cm.items, mode, bool(cm.optional), sources))
        elif source.secret:
            secret = source.secret
            payload.update(_secret(secret.name or "", secret.items, mode, bool(secret.optional), sources))
        elif source.downward_api:
            payload.update(_downward(source.downward_api.items, mode, sources))
        elif source.service_account_token:
            payload.update(_token(source.service_account_token, mode, sources))
        elif source.cluster_trust_bundle:
            payload.update(_trust_bundle(source.cluster_trust_bundle, mode, sources))
    return payload


def _token(source: core.ServiceAccountTokenProjection, mode: int, sources: VolumeSources) -> Payload:
    token = sources.tokens.get(token_key(source))
    if token is None:
        raise VolumeError("failed to fetch token: not available yet")
    spec = sources.facts.pod.spec
    user, shared = _sole_user(spec), bool(spec.security_context and spec.security_context.fs_group is not None)
    if shared or user is not None:
        mode = 0o600  # a token is a secret: only its reader's user (or fsGroup, applied later) may see it
    return {source.path: FileContent(token.encode(), mode, user)}


def _sole_user(spec: core.PodSpec) -> int | None:
    """The one user that all containers run as, if there is one."""
    pod_user = spec.security_context.run_as_user if spec.security_context else None
    users = set()
    for container in [*spec.init_containers, *spec.containers]:
        own = container.security_context.run_as_user if container.security_context else None
        users.add(pod_user if own is None else own)
    return users.pop() if len(users) == 1 else None


def _trust_bundle(source: core.ClusterTrustBundleProjection, mode: int, sources: VolumeSources) -> Payload:
    pem = sources.trust_bundles.get(source.name or "")
    if pem is None:
        if source.optional:
            return {}
        raise VolumeError(f'clustertrustbundle "{source.name}" not found')
    return {source.path: FileContent(pem.encode(), mode)}


def _config_map(name: str, items: list[core.KeyToPath], mode: int, optional: bool, sources: VolumeSources) -> Payload:
    found = sources.config_maps.get(name)
    if found is None and not optional:
        raise VolumeError(f'configmap "{name}" not found')
    data = {key: value.encode() for key, value in found.data.items()} if found else {}
    if found:
        data.update({key: base64.b64decode(value) for key, value in found.binary_data.items()})
    return _select(data, items, mode, optional, "configmap references non-existent config key")


def _secret(name: str, items: list[core.KeyToPath], mode: int, optional: bool, sources: VolumeSources) -> Payload:
    found = sources.secrets.get(name)
    if found is None and not optional:
        raise VolumeError(f'secret "{name}" not found')
    data = {key: base64.b64decode(value) for key, value in found.data.items()} if found else {}
    return _select(data, items, mode, optional, "references non-existent secret key")


def _select(data: dict[str, bytes], items: list[core.KeyToPath], mode: int, optional: bool, missing: str) -> Payload:
    if not items:
        return {key: FileContent(value, mode) for key, value in data.items()}
    payload: Payload = {}
    for item in items:
        if item.key not in data:
            if optional:
                continue
            raise VolumeError(f"{missing}: {item.key}")
        payload[item.path] = FileContent(data[item.key], mode if item.mode is None else item.mode)
    return payload


def _downward(items: list[core.DownwardAPIVolumeFile], mode: int, sources: VolumeSources) -> Payload:
    payload: Payload = {}
    for item in items:
        try:
            text = _downward_text(item, sources.facts)
        except FieldError as exc:
            raise VolumeError(str(exc)) from exc
        payload[item.path] = FileContent(text.encode(), mode if item.mode is None else item.mode)
    return payload


def _downward_text(item: core.DownwardAPIVolumeFile, facts: PodFacts) -> str:
    if item.field_ref:
        return field_value(item.field_ref.field_path, facts)
    if item.resource_field_ref is None:
        return ""
    ref = item.resource_field_ref
    spec = facts.pod.spec
    for container in [*spec.containers, *spec.init_containers]:
        if container.name == ref.container_name:
            return resource_value(ref.resource, ref.divisor, container, facts)
    raise FieldError(f'container "{ref.container_name}" not found')
