"""From a spec to what the runtime is asked for; images and whether they are pulled."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from minik8s.api import core
from minik8s.kubelet.container_config import ContainerInputs, compute_resources, render_container, render_sandbox
from minik8s.kubelet.env import ConfigError
from minik8s.kubelet.hosts import ResolvConf
from minik8s.kubelet.images import ImageManager, ImageProblem, credentials, pull_policy, registry_of
from minik8s.kubelet.observed import LABEL_BACKOFF, container_hash
from minik8s.kubelet.runtimes import base
from minik8s.kubelet.security import compute_security
from minik8s.testing.time import VirtualClock


def pod(container: dict[str, Any] | None = None, **spec: Any) -> core.Pod:
    body = {"containers": [{"name": "app", "image": "img:1", **(container or {})}], **spec}
    return core.Pod.from_dict({"metadata": {"name": "web", "namespace": "ns", "uid": "u"}, "spec": body})


def render(spec: core.Pod, **inputs: Any) -> base.ContainerConfig:
    given = {"env": {}, "image": "img:1", "kind": "container", "attempt": 0, "backoff": 0.0,
             "security": base.SecurityContext(), **inputs}  # fmt: skip
    return render_container(spec, spec.spec.containers[0], ContainerInputs(**given))


def test_commands_are_expanded_and_labels_are_the_memory() -> None:
    spec = pod({"command": ["run", "$(A)"], "args": ["$$(A)", "$(B)"]}, terminationGracePeriodSeconds=7)
    config = render(spec, env={"A": "1"}, attempt=2, backoff=20.0)
    assert (config.command, config.args) == (("run", "1"), ("$(A)", "$(B)"))
    labels = config.labels
    assert labels[base.LABEL_POD_UID] == "u" and labels[base.LABEL_RESTART_COUNT] == "2"
    assert labels[base.LABEL_GRACE] == "7" and labels[LABEL_BACKOFF] == "20"
    assert labels[base.LABEL_CONTAINER_HASH] == container_hash(spec.spec.containers[0])


def test_mounts(tmp_path: Path) -> None:
    (tmp_path / "x1").mkdir()
    mounts = [
        {"name": "v", "mountPath": "/data", "readOnly": True},
        {"name": "v", "mountPath": "sub", "subPathExpr": "x$(N)"},
        {"name": "v", "mountPath": "/etc/hosts"},
    ]
    files = {"/etc/hosts": Path("/k/hosts"), "/etc/resolv.conf": Path("/k/resolv")}
    config = render(pod({"volumeMounts": mounts}), env={"N": "1"}, volumes={"v": tmp_path}, files=files)
    assert [(m.host_path, m.container_path, m.readonly) for m in config.mounts] == [
        (str(tmp_path), "/data", True), (str(tmp_path / "x1"), "/sub", False), (str(tmp_path), "/etc/hosts", False),
        ("/k/resolv", "/etc/resolv.conf", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "mount", [{"name": "none"}, {"name": "v", "subPathExpr": "$(X)"}, {"name": "v", "subPath": "../x"}]
)
def test_mounts_that_cannot_be_made(mount: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        render(pod({"volumeMounts": [{"mountPath": "/m", **mount}]}), volumes={"v": tmp_path})


@pytest.mark.parametrize(
    ("resources", "shares", "quota", "memory"),
    [
        ({}, 2, 0, 0),
        ({"requests": {"cpu": "250m"}}, 256, 0, 0),
        ({"limits": {"cpu": "1500m", "memory": "64Mi"}}, 1536, 150_000, 64 << 20),
        ({"limits": {"cpu": "1m"}, "requests": {"cpu": "0"}}, 2, 1000, 0),
    ],
)
def test_limits_become_cgroup_values(resources: dict[str, Any], shares: int, quota: int, memory: int) -> None:
    spec = pod({"resources": resources})
    result = compute_resources(spec, spec.spec.containers[0], 1 << 30)
    assert (result.cpu_shares, result.cpu_quota, result.memory_limit) == (shares, quota, memory)


def test_the_container_overrides_the_pods_security_field_by_field() -> None:
    spec = pod(
        {"securityContext": {"runAsUser": 2000, "capabilities": {"add": ["CAP_SYS_TIME"], "drop": ["ALL"]},
                             "allowPrivilegeEscalation": False}},
        securityContext={"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 4000, "supplementalGroups": [5000],
                         "seccompProfile": {"type": "RuntimeDefault"}},
    )  # fmt: skip
    security = compute_security(spec, spec.spec.containers[0], "/s")
    assert (security.run_as_user, security.run_as_group, security.supplemental_groups) == (2000, 3000, (5000, 4000))
    assert security.add_capabilities == ("SYS_TIME",) and security.drop_capabilities == ("ALL",)
    assert security.no_new_privileges and security.seccomp == "default"


def test_root_may_not_run_where_it_must_not() -> None:
    spec = pod({"securityContext": {"runAsUser": 0, "runAsNonRoot": True}})
    with pytest.raises(ConfigError, match="container's runAsUser breaks non-root policy"):
        compute_security(spec, spec.spec.containers[0], "/s")


def test_the_sandbox() -> None:
    spec = pod({"ports": [{"containerPort": 80, "hostPort": 8080, "protocol": "UDP"}, {"containerPort": 81}]},
               shareProcessNamespace=True, securityContext={"sysctls": [{"name": "a.b", "value": "1"}]})  # fmt: skip
    config = render_sandbox(spec, 3, "web", ResolvConf(["1.1.1.1"]), "/logs", 12.5)
    assert (config.attempt, config.hostname, config.share_process_namespace) == (3, "web", True)
    assert config.port_mappings == (base.PortMapping(80, 8080, "UDP", ""),) and config.sysctls == {"a.b": "1"}
    spec.spec.host_network = True
    host = render_sandbox(spec, 0, "web", ResolvConf(), "/logs", 0)
    assert host.host_network and host.hostname == "" and host.port_mappings == ()


# images -----------------------------------------------------------------------------------------------------------


class Images:
    """A registry and a local store."""

    def __init__(self, *local: str) -> None:
        self.local = set(local)
        self.error: base.RuntimeFault | None = None
        self.pulls: list[str] = []

    async def image_status(self, image: str) -> base.ImageInfo | None:
        return base.ImageInfo("sha256:1") if image in self.local else None

    async def pull_image(self, image: str, auth: base.ImageAuth | None = None) -> base.ImageInfo:
        self.pulls.append(auth.username if auth else "")
        if self.error:
            raise self.error
        self.local.add(image)
        return base.ImageInfo("sha256:2", size=5)


def container(policy: str | None, image: str = "img:1") -> core.Container:
    return core.Container(name="app", image=image, image_pull_policy=policy)


async def ensure(manager: ImageManager, policy: str | None) -> list[tuple[str, str]]:
    said: list[tuple[str, str]] = []
    try:
        await manager.ensure("u", container(policy), [], lambda _t, reason, message: said.append((reason, message)))
    except ImageProblem as exc:
        said.append(("", exc.reason))
    return said


async def test_an_image_that_is_here_is_not_pulled(clock: VirtualClock) -> None:
    images = Images("img:1")
    for policy in ("IfNotPresent", "Never"):
        assert await ensure(ImageManager(images, clock), policy) == [
            ("Pulled", 'Container image "img:1" already present on machine')
        ]
    assert images.pulls == []
    said = await ensure(ImageManager(images, clock), "Always")
    assert [reason for reason, _ in said] == ["Pulling", "Pulled"] and images.pulls == [""]


async def test_an_image_that_is_not_here(clock: VirtualClock) -> None:
    assert await ensure(ImageManager(Images(), clock), "Never") == [
        ("ErrImageNeverPull", 'Container image "img:1" is not present with pull policy of Never'),
        ("", "ErrImageNeverPull"),
    ]
    assert [r for r, _ in await ensure(ImageManager(Images(), clock), "IfNotPresent")] == ["Pulling", "Pulled"]


async def test_failed_pulls_back_off(clock: VirtualClock) -> None:
    images = Images()
    images.error = base.ImagePullError("no such host")
    manager = ImageManager(images, clock)
    first = await ensure(manager, "IfNotPresent")
    assert first[1:] == [("Failed", 'Failed to pull image "img:1": no such host'), ("Failed", "Error: ErrImagePull"),
                         ("", "ErrImagePull")]  # fmt: skip
    assert await ensure(manager, "IfNotPresent") == [
        ("BackOff", 'Back-off pulling image "img:1"'), ("", "ImagePullBackOff"),
    ]  # fmt: skip
    await clock.advance("11s")
    images.error = None
    assert (await ensure(manager, "IfNotPresent"))[-1][0] == "Pulled"


@pytest.mark.parametrize(
    ("image", "policy"),
    [("a", "Always"), ("a:latest", "Always"), ("a:1", "IfNotPresent"), ("h:5000/a", "Always"),
     ("h:5000/a:1", "IfNotPresent"), ("a@sha256:x", "IfNotPresent")],
)  # fmt: skip
def test_default_policy(image: str, policy: str) -> None:
    assert pull_policy(container(None, image)) == policy


def test_credentials_of_the_right_registry_only() -> None:
    auths = {"https://index.docker.io/v1/": {"auth": base64.b64encode(b"me:pw").decode()}, "h.test": {"username": "x"}}
    data = base64.b64encode(json.dumps({"auths": auths}).encode()).decode()
    secret = core.Secret.from_dict({"metadata": {"name": "s"}, "data": {".dockerconfigjson": data}})
    (found,) = credentials(secret, "library/busybox")
    assert (found.username, found.password) == ("me", "pw") and "pw" not in repr(found)
    assert [a.username for a in credentials(secret, "h.test/app:1")] == ["x"]
    assert registry_of("localhost/x") == "localhost" and registry_of("busybox") == "docker.io"
