"""Models: core/security.py."""

from minik8s.api.base import Int64, Model


class Capabilities(Model):
    """Capabilities."""

    add: list[str] = []
    drop: list[str] = []


class SELinuxOptions(Model):
    """S E Linux Options."""

    level: str | None = None
    role: str | None = None
    type: str | None = None
    user: str | None = None


class SeccompProfile(Model):
    """Seccomp Profile."""

    type: str
    localhost_profile: str | None = None


class AppArmorProfile(Model):
    """App Armor Profile."""

    type: str
    localhost_profile: str | None = None


class WindowsSecurityContextOptions(Model):
    """Windows Security Context Options."""

    gmsa_credential_spec: str | None = None
    gmsa_credential_spec_name: str | None = None
    host_process: bool | None = None
    run_as_user_name: str | None = None


class Sysctl(Model):
    """Sysctl."""

    name: str
    value: str


class SecurityContext(Model):
    """Security Context."""

    allow_privilege_escalation: bool | None = None
    app_armor_profile: AppArmorProfile | None = None
    capabilities: Capabilities | None = None
    privileged: bool | None = None
    proc_mount: str | None = None
    read_only_root_filesystem: bool | None = None
    run_as_group: Int64 | None = None
    run_as_non_root: bool | None = None
    run_as_user: Int64 | None = None
    se_linux_options: SELinuxOptions | None = None
    seccomp_profile: SeccompProfile | None = None
    windows_options: WindowsSecurityContextOptions | None = None


class PodSecurityContext(Model):
    """Pod Security Context."""

    app_armor_profile: AppArmorProfile | None = None
    fs_group: Int64 | None = None
    fs_group_change_policy: str | None = None
    run_as_group: Int64 | None = None
    run_as_non_root: bool | None = None
    run_as_user: Int64 | None = None
    se_linux_change_policy: str | None = None
    se_linux_options: SELinuxOptions | None = None
    seccomp_profile: SeccompProfile | None = None
    supplemental_groups: list[Int64] = []
    supplemental_groups_policy: str | None = None
    sysctls: list[Sysctl] = []
    windows_options: WindowsSecurityContextOptions | None = None
