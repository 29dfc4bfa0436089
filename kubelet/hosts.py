"""/etc/hosts and /etc/resolv.conf of a pod.

Mirrors upstream pkg/kubelet/network/dns/dns.go and managedHostsFileContent of kubelet_pods.go. Pure text in, pure
text out; the pod's task writes the files.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from minik8s.api import core

MAX_SEARCHES = 32
MAX_SEARCH_CHARS = 2048
MAX_NAMESERVERS = 3

_MANAGED = (
    "# Kubernetes-managed hosts file.\n"
    "127.0.0.1\tlocalhost\n"
    "::1\tlocalhost ip6-localhost ip6-loopback\n"
    "fe00::0\tip6-localnet\n"
    "fe00::0\tip6-mcastprefix\n"
    "fe00::1\tip6-allnodes\n"
    "fe00::2\tip6-allrouters\n"
)


def render_hosts(ips: list[str], hostname: str, domain: str, aliases: list[core.HostAlias]) -> str:
    """The managed file of a pod with its own network."""
    names = f"{hostname}.{domain}\t{hostname}" if domain else hostname
    return _MANAGED + "".join(f"{ip}\t{names}\n" for ip in ips) + _render_aliases(aliases)


def render_host_network_hosts(host_file: str, aliases: list[core.HostAlias]) -> str:
    """The node's own file plus the aliases, for a pod on the node's network."""
    return "# Kubernetes-managed hosts file (host network).\n" + host_file + _render_aliases(aliases)


def _render_aliases(aliases: list[core.HostAlias]) -> str:
    if not aliases:
        return ""
    lines = "".join(f"{alias.ip}\t{chr(9).join(alias.hostnames)}\n" for alias in aliases)
    return "\n# Entries added by HostAliases.\n" + lines


@dataclass
class ResolvConf:
    nameservers: list[str] = field(default_factory=list)
    searches: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)

    def render(self) -> str:
        lines = [f"search {' '.join(self.searches)}"] if self.searches else []
        lines += [f"nameserver {address}" for address in self.nameservers]
        lines += [f"options {' '.join(self.options)}"] if self.options else []
        return "\n".join(lines) + "\n"


def parse_resolv_conf(text: str) -> ResolvConf:
    conf = ResolvConf()
    for line in text.splitlines():
        words = line.split()
        if not words or words[0][0] in "#;":
            continue
        if words[0] == "nameserver" and len(words) > 1:
            conf.nameservers.append(words[1])
        elif words[0] == "search":
            conf.searches = words[1:] if words[1:] != ["."] else []
        elif words[0] == "options":
            conf.options = words[1:]
    return conf


@dataclass(frozen=True)
class ClusterDns:
    servers: tuple[str, ...] = ()
    domain: str = "cluster.local"


def compute_resolv_conf(pod: core.Pod, host: ResolvConf, cluster: ClusterDns) -> ResolvConf:
    """What the pod's dnsPolicy and dnsConfig make of the node's and the cluster's settings."""
    conf = _by_policy(pod, host, cluster)
    extra = pod.spec.dns_config
    if extra:
        options = [f"{o.name}:{o.value}" if o.value else (o.name or "") for o in extra.options]
        conf = ResolvConf(
            _unique(conf.nameservers + extra.nameservers),
            _unique(conf.searches + extra.searches),
            _merge_options(conf.options, options),
        )
    return ResolvConf(conf.nameservers[:MAX_NAMESERVERS], _fit_searches(conf.searches), conf.options)


def _by_policy(pod: core.Pod, host: ResolvConf, cluster: ClusterDns) -> ResolvConf:
    policy = pod.spec.dns_policy or "ClusterFirst"
    if policy == "None":
        return ResolvConf()
    wants_cluster = policy == "ClusterFirstWithHostNet" or (policy == "ClusterFirst" and not pod.spec.host_network)
    if not wants_cluster or not cluster.servers:
        if policy == "Default" and not host.nameservers:
            return ResolvConf(["127.0.0.1"], ["."])
        return ResolvConf(list(host.nameservers), list(host.searches), list(host.options))
    searches = list(host.searches)
    if cluster.domain:
        own = f"{pod.metadata.namespace}.svc.{cluster.domain}"
        searches = _unique([own, f"svc.{cluster.domain}", cluster.domain, *searches])
    return ResolvConf(list(cluster.servers), searches, ["ndots:5"])


def _merge_options(old: list[str], new: list[str]) -> list[str]:
    merged = {option.partition(":")[0]: option for option in [*old, *new]}
    return list(merged.values())


def _unique(items: list[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _fit_searches(searches: list[str]) -> list[str]:
    kept: list[str] = []
    for domain in searches[:MAX_SEARCHES]:
        if len(" ".join([*kept, domain])) > MAX_SEARCH_CHARS:
            break
        kept.append(domain)
    return kept


def pod_hostname(pod: core.Pod, cluster_domain: str) -> tuple[str, str]:
    """(hostname, domain) of a pod: `spec.hostname` or its name cut to 63; a domain only with `spec.subdomain`."""
    name = pod.spec.hostname or (pod.metadata.name or "")[:63].rstrip("-.")
    domain = f"{pod.spec.subdomain}.{pod.metadata.namespace}.svc.{cluster_domain}" if pod.spec.subdomain else ""
    if pod.spec.set_hostname_as_fqdn and domain:
        return f"{name}.{domain}", domain
    return name, domain
