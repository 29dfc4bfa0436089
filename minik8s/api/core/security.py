"""core/v1: Security contexts of pods and containers.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Int64, Model


class Capabilities(Model):
    """Linux capabilities to add and to drop."""

    add: list[str] = []  #: To add.
    drop: list[str] = []  #: To drop.


class SELinuxOptions(Model):
    """An SELinux label."""

    user: str | None = None  #: User part.
    role: str | None = None  #: Role part.
    type: str | None = None  #: Type part.
    level: str | None = None  #: Level part.


class SeccompProfile(Model):
    """Which system calls are allowed."""

    type: str  #: RuntimeDefault, Unconfined or Localhost.
    localhost_profile: str | None = None  #: Profile's file on the node, for Localhost.


class AppArmorProfile(Model):
    """An AppArmor profile."""

    type: str  #: RuntimeDefault, Unconfined or Localhost.
    localhost_profile: str | None = None  #: Profile loaded on the node, for Localhost.


class WindowsSecurityContextOptions(Model):
    """Identity of a Windows container."""

    gmsa_credential_spec_name: str | None = None  #: Name of a gMSA credential spec.
    gmsa_credential_spec: str | None = None  #: The credential spec itself.
    run_as_user_name: str | None = None  #: User to run as.
    host_process: bool | None = None  #: Run as a process of the host.


class Sysctl(Model):
    """A kernel parameter."""

    name: str  #: Its name.
    value: str  #: Its value.


class SecurityContext(Model):
    """Privileges of one container; they win over the pod's."""

    capabilities: Capabilities | None = None  #: Linux capabilities.
    privileged: bool | None = None  #: All privileges of the node's root.
    se_linux_options: SELinuxOptions | None = None  #: SELinux label.
    run_as_user: Int64 | None = None  #: User id to run as.
    run_as_non_root: bool | None = None  #: Refuse to run as root.
    read_only_root_filesystem: bool | None = None  #: Mount the root file system for reading only.
    allow_privilege_escalation: bool | None = None  #: Whether a process may gain more than its parent (setuid).
    run_as_group: Int64 | None = None  #: Group id to run as.
    proc_mount: str | None = None  #: Default or Unmasked.
    windows_options: WindowsSecurityContextOptions | None = None  #: Windows identity.
    seccomp_profile: SeccompProfile | None = None  #: System calls allowed.
    app_armor_profile: AppArmorProfile | None = None  #: AppArmor profile.


class PodSecurityContext(Model):
    """Privileges of all containers of a pod."""

    se_linux_options: SELinuxOptions | None = None  #: SELinux label.
    run_as_user: Int64 | None = None  #: User id to run as.
    run_as_non_root: bool | None = None  #: Refuse to run as root.
    supplemental_groups: list[Int64] = []  #: Further groups of the first process.
    fs_group: Int64 | None = None  #: Group that owns the volumes.
    run_as_group: Int64 | None = None  #: Group id to run as.
    sysctls: list[Sysctl] = []  #: Kernel parameters of the pod.
    windows_options: WindowsSecurityContextOptions | None = None  #: Windows identity.
    fs_group_change_policy: str | None = None  #: Always, or OnRootMismatch.
    seccomp_profile: SeccompProfile | None = None  #: System calls allowed.
    app_armor_profile: AppArmorProfile | None = None  #: AppArmor profile.
    supplemental_groups_policy: str | None = None  #: Merge (with the image's groups) or Strict.
    se_linux_change_policy: str | None = None  #: MountOption or Recursive.
