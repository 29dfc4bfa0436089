"""The security context that a container really gets: the pod's, overridden field by field by the container's own.

Mirrors upstream pkg/securitycontext/util.go and kuberuntime/security_context.go. Pure.
"""

from __future__ import annotations

from minik8s.api import core
from minik8s.kubelet.env import ConfigError
from minik8s.kubelet.observed import describe
from minik8s.kubelet.runtimes.base import SecurityContext

_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"


def compute_security(pod: core.Pod, container: core.Container, seccomp_root: str, target: str = "") -> SecurityContext:
    """`target`: the container id whose processes an ephemeral container wants to see. Raises ConfigError."""
    shared = pod.spec.security_context or core.PodSecurityContext()
    own = container.security_context or core.SecurityContext()
    user = shared.run_as_user if own.run_as_user is None else own.run_as_user
    non_root = shared.run_as_non_root if own.run_as_non_root is None else own.run_as_non_root
    if non_root and user == 0:
        raise ConfigError(
            f'container\'s runAsUser breaks non-root policy (pod: "{describe(pod)}", container: {container.name})'
        )
    groups = list(shared.supplemental_groups)
    if shared.fs_group is not None and shared.fs_group not in groups:
        groups.append(shared.fs_group)
    privileged = bool(own.privileged)
    capabilities = own.capabilities or core.Capabilities()
    selinux = own.se_linux_options or shared.se_linux_options
    return SecurityContext(
        run_as_user=user,
        run_as_group=shared.run_as_group if own.run_as_group is None else own.run_as_group,
        supplemental_groups=tuple(groups),
        run_as_non_root=bool(non_root),
        privileged=privileged,
        readonly_root=bool(own.read_only_root_filesystem),
        add_capabilities=tuple(name.removeprefix("CAP_") for name in capabilities.add),
        drop_capabilities=tuple(name.removeprefix("CAP_") for name in capabilities.drop),
        no_new_privileges=own.allow_privilege_escalation is False and not privileged,
        seccomp=_seccomp(own.seccomp_profile or shared.seccomp_profile, seccomp_root),
        apparmor=_apparmor(pod, container, own.app_armor_profile or shared.app_armor_profile),
        selinux=selinux.to_dict() if selinux else {},
        masked_paths=own.proc_mount != "Unmasked",
        target_container=target,
    )


def _seccomp(profile: core.SeccompProfile | None, root: str) -> str:
    if profile is None or profile.type == "Unconfined":
        return "unconfined" if profile else ""
    if profile.type == "RuntimeDefault":
        return "default"
    return f"localhost/{root}/{profile.localhost_profile}"


def _apparmor(pod: core.Pod, container: core.Container, profile: core.AppArmorProfile | None) -> str:
    if profile is None:
        text = pod.metadata.annotations.get(_APPARMOR + container.name, "")
        return {"": "", "runtime/default": "", "unconfined": "unconfined"}.get(text, text.removeprefix("localhost/"))
    if profile.type == "Unconfined":
        return "unconfined"
    return profile.localhost_profile or "" if profile.type == "Localhost" else ""
