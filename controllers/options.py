"""The controller manager's options, with upstream's flag names and defaults.

Mirrors upstream's cmd/kube-controller-manager/app/options. Known flags that mean nothing here are accepted and
ignored, so that a unit file or manifest written for upstream starts ours; an unknown flag is an error.
"""

import argparse
from dataclasses import dataclass, field

from minik8s.component.flags import parse_bool, parse_duration


@dataclass
class Options:
    """Everything a controller may want to know; times in seconds."""

    kubeconfig: str = ""
    master: str = ""
    controllers: list[str] = field(default_factory=lambda: ["*"])
    leader_elect: bool = True
    leader_elect_lease_duration: float = 15.0
    leader_elect_renew_deadline: float = 10.0
    leader_elect_retry_period: float = 2.0
    leader_elect_resource_name: str = "kube-controller-manager"
    leader_elect_resource_namespace: str = "kube-system"
    bind_address: str = "127.0.0.1"
    secure_port: int = 10257
    service_account_private_key_file: str = ""
    root_ca_file: str = ""
    cluster_signing_cert_file: str = ""
    cluster_signing_key_file: str = ""
    cluster_signing_duration: float = 365 * 24 * 3600.0
    node_monitor_period: float = 5.0
    node_monitor_grace_period: float = 50.0
    node_startup_grace_period: float = 60.0
    node_eviction_rate: float = 0.1
    secondary_node_eviction_rate: float = 0.01
    unhealthy_zone_threshold: float = 0.55
    large_cluster_size_threshold: int = 50
    terminated_pod_gc_threshold: int = 12500
    max_endpoints_per_slice: int = 100
    endpoint_updates_batch_period: float = 0.0
    endpointslice_updates_batch_period: float = 0.0
    mirroring_max_endpoints_per_subset: int = 1000
    resource_quota_sync_period: float = 300.0
    feature_gates: dict[str, bool] = field(default_factory=dict)
    concurrency: dict[str, int] = field(default_factory=dict)
    verbosity: int = 0

    @property
    def legacy_token_secrets(self) -> bool:
        """Make a token Secret for every ServiceAccount, as upstream did up to 1.23."""
        return not self.feature_gates.get("LegacyServiceAccountTokenNoAutoGeneration", False)

    def concurrent(self, controller: str, default: int) -> int:
        """Workers of a controller: its --concurrent-…-syncs flag, or upstream's default."""
        return self.concurrency.get(controller, default)

    def enabled(self, controller: str, by_default: bool = True) -> bool:
        """What --controllers says: `name` on, `-name` off, `*` all that are on by default; names win over `*`."""
        if controller in self.controllers:
            return True
        if f"-{controller}" in self.controllers:
            return False
        return by_default and "*" in self.controllers


def parse_gates(text: str) -> dict[str, bool]:
    """`A=true,B=false`; gates that nothing here asks for are accepted."""
    pairs = (item.partition("=") for item in text.split(",") if item)
    return {name.strip(): parse_bool(value.strip()) for name, _, value in pairs}


#: --concurrent-<flag>-syncs → the controller it sets
CONCURRENCY_FLAGS = {
    "deployment": "deployment", "endpoint": "endpoint", "gc": "garbagecollector", "job": "job", "cron-job": "cronjob",
    "namespace": "namespace", "replicaset": "replicaset", "rc": "replicationcontroller", "resource-quota":
    "resourcequota", "service-endpoint": "endpointslice", "serviceaccount-token": "serviceaccount-token",
    "statefulset": "statefulset", "ttl-after-finished": "ttl-after-finished", "daemonset": "daemonset", "disruption":
    "disruption", "service": "service", "horizontal-pod-autoscaler": "horizontalpodautoscaling",
}  # fmt: skip
#: flags of upstream's that are accepted and have no meaning here, each taking a value
IGNORED = (
    "allocate-node-cidrs", "authentication-kubeconfig", "authorization-kubeconfig", "cert-dir", "client-ca-file",
    "cloud-provider", "cluster-cidr", "cluster-name", "configure-cloud-routes", "controller-start-interval",
    "enable-dynamic-provisioning", "enable-garbage-collector", "enable-hostpath-provisioner",
    "kube-api-burst", "kube-api-qps", "kube-api-content-type", "leader-elect-resource-lock", "min-resync-period",
    "node-cidr-mask-size", "port", "profiling", "requestheader-client-ca-file", "route-reconciliation-period",
    "service-cluster-ip-range", "tls-cert-file", "tls-private-key-file", "use-service-account-credentials",
    "experimental-cluster-signing-duration", "node-sync-period", "pod-eviction-timeout",
    "authentication-skip-lookup", "contention-profiling", "logtostderr", "vmodule", "volume-host-allow-local-loopback",
    "requestheader-allowed-names", "requestheader-username-headers", "requestheader-group-headers",
    "requestheader-extra-headers-prefix", "authorization-always-allow-paths", "namespace-sync-period",
    "deployment-controller-sync-period", "pvclaimbinder-sync-period", "horizontal-pod-autoscaler-sync-period",
    "concurrent-ephemeralvolume-syncs", "concurrent-service-syncs", "flex-volume-plugin-dir", "enable-taint-manager",
    "concurrent-validating-admission-policy-status-syncs", "attach-detach-reconcile-sync-period",
)  # fmt: skip


def parse_options(argv: list[str]) -> Options:
    """Options from a command line."""
    parser = argparse.ArgumentParser("minik8s controller-manager", allow_abbrev=False)
    defaults = Options()
    _add_plain_flags(parser, defaults)
    for flag, controller in CONCURRENCY_FLAGS.items():
        parser.add_argument(f"--concurrent-{flag}-syncs", type=int, dest=f"concurrent:{controller}", default=None)
    for flag in IGNORED:
        if f"--{flag}" not in parser._option_string_actions:
            parser.add_argument(f"--{flag}", nargs="?", dest="ignored", help=argparse.SUPPRESS)
    values = vars(parser.parse_args(argv))
    values.pop("ignored", None)
    concurrency = {
        key.partition(":")[2]: value for key, value in values.items() if key.startswith("concurrent:") and value
    }
    plain = {key: value for key, value in values.items() if ":" not in key}
    plain["controllers"] = [name for name in plain["controllers"].split(",") if name]
    return Options(**plain, concurrency=concurrency)


def _add_plain_flags(parser: argparse.ArgumentParser, defaults: Options) -> None:
    """One flag per field of Options, its type taken from the default; `-v` besides."""
    for name, default in vars(defaults).items():
        if name == "concurrency":
            continue
        if name == "verbosity":
            parser.add_argument("-v", "--v", dest="verbosity", type=int, default=0)
            continue
        flag = f"--{name.replace('_', '-')}"
        if isinstance(default, bool):
            parser.add_argument(flag, type=parse_bool, nargs="?", const=True, default=default)
        elif isinstance(default, dict):
            parser.add_argument(flag, type=parse_gates, default={})
        elif isinstance(default, list):
            parser.add_argument(flag, default=",".join(default))
        elif isinstance(default, float) and not name.endswith(("rate", "threshold")):
            parser.add_argument(flag, type=parse_duration, default=default)
        else:
            parser.add_argument(flag, type=type(default), default=default)
