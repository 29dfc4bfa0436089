"""What a container gets with its devices, and how that is written on the runtime's objects. Pure.

Mirrors DeviceRunContainerOptions of upstream pkg/kubelet/cm/devicemanager/types.go. Upstream keeps allocations and
plugins' answers in a checkpoint file; here three labels are the memory:

    minik8s.io/device-plan     on a sandbox: container → resource → ids. The first thing made for a pod says it all, so
                               that a kubelet that dies between sandbox and container forgets nothing
    minik8s.io/devices         on a container: resource → ids
    minik8s.io/device-grants   on a container: resource → the plugin's answer, for a restart while the plugin is away
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from minik8s.kubelet.runtimes.base import LABEL_DEVICES, ContainerConfig, Device, Mount, SandboxConfig

LABEL_PLAN = "minik8s.io/device-plan"
LABEL_GRANTS = "minik8s.io/device-grants"
VISIBLE = "NVIDIA_VISIBLE_DEVICES"

Assignment = Mapping[str, Sequence[str]]  # resource → ids


@dataclass(frozen=True)
class Grant:
    """What a device's owner says that a container needs to use it."""

    envs: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    devices: tuple[Device, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    #: GPUs that the runtime itself hands over
    gpus: tuple[str, ...] = ()
    gpus_declared: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Grant:
        return cls(
            envs=raw.get("envs", {}),
            mounts=tuple(Mount(**item) for item in raw.get("mounts", ())),
            devices=tuple(Device(**item) for item in raw.get("devices", ())),
            annotations=raw.get("annotations", {}),
            gpus=tuple(raw.get("gpus", ())),
            gpus_declared=bool(raw.get("gpus_declared")),
        )


def mark_sandbox(config: SandboxConfig, plan: Mapping[str, Assignment]) -> SandboxConfig:
    """The sandbox with the pod's devices written on it."""
    if not plan:
        return config
    return replace(config, labels={**config.labels, LABEL_PLAN: _dump(plan)})


def equip(config: ContainerConfig, assignment: Assignment, grants: Mapping[str, Grant]) -> ContainerConfig:
    """The container with its devices, written on it too. What a plugin sets wins over the pod's own environment."""
    if not assignment:
        return config
    labels = {**config.labels, LABEL_DEVICES: _dump(assignment)}
    remote = {name: grant.to_dict() for name, grant in grants.items() if not grant.gpus}
    if remote:
        labels[LABEL_GRANTS] = json.dumps(remote)
    envs = {key: value for grant in grants.values() for key, value in grant.envs.items()}
    gpus = tuple(uuid for grant in grants.values() for uuid in grant.gpus)
    declared = any(grant.gpus_declared for grant in grants.values())
    if not gpus and envs.get(VISIBLE):  # a plugin that leaves it to NVIDIA's container runtime
        gpus, declared = tuple(envs[VISIBLE].split(",")), True
    return replace(
        config,
        labels=labels,
        env={**config.env, **envs},
        mounts=(*config.mounts, *(mount for grant in grants.values() for mount in grant.mounts)),
        devices=(*config.devices, *(device for grant in grants.values() for device in grant.devices)),
        annotations={**config.annotations, **{k: v for g in grants.values() for k, v in g.annotations.items()}},
        gpus=gpus,
        gpus_declared=declared,
    )


def read_plan(labels: Mapping[str, str]) -> dict[str, dict[str, list[str]]]:
    """Container → resource → ids, from a sandbox's labels."""
    return dict(json.loads(labels.get(LABEL_PLAN) or "{}"))


def read_devices(labels: Mapping[str, str]) -> dict[str, list[str]]:
    """Resource → ids, from a container's labels."""
    return dict(json.loads(labels.get(LABEL_DEVICES) or "{}"))


def read_grants(labels: Mapping[str, str]) -> dict[str, Grant]:
    return {name: Grant.from_dict(raw) for name, raw in json.loads(labels.get(LABEL_GRANTS) or "{}").items()}


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(value, default=list)
