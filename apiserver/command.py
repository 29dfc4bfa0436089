"""`minik8s apiserver`: upstream's flags, then the server.

Mirrors cmd/kube-apiserver/app/options. Flags of upstream that change nothing here are accepted and said to be
ignored (--authorization-mode, --enable-admission-plugins, …), so that a kube-apiserver's command line works.
"""

from __future__ import annotations

import argparse
from dataclasses import fields

from minik8s.apiserver.server import ApiServer, Options
from minik8s.component import flags, get_logger, run_component

log = get_logger(__name__)


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="minik8s apiserver", description="The Kubernetes API server.", allow_abbrev=False)
    d = Options()
    serving = p.add_argument_group("serving")
    serving.add_argument("--bind-address", default=d.bind_address, help="address to listen on")
    serving.add_argument("--advertise-address", default="", help="address that the `kubernetes` Service leads to")
    serving.add_argument("--secure-port", type=int, default=d.secure_port, help="port; 0: any free one")
    serving.add_argument("--tls-cert-file", default="", metavar="FILE", help="the server's certificate chain")
    serving.add_argument("--tls-private-key-file", default="", metavar="FILE", help="its key")
    _add_storage(p.add_argument_group("store"), d)
    _add_authentication(p.add_argument_group("authentication"), d)
    network = p.add_argument_group("network")
    network.add_argument("--service-cluster-ip-range", default=d.service_cluster_ip_range, metavar="CIDR[,CIDR]")
    network.add_argument("--service-node-port-range", default=d.service_node_port_range, metavar="FIRST-LAST")
    kubelet = p.add_argument_group("kubelets")
    kubelet.add_argument("--kubelet-client-certificate", default="", metavar="FILE", help="shown to kubelets")
    kubelet.add_argument("--kubelet-client-key", default="", metavar="FILE", help="its key")
    kubelet.add_argument(
        "--kubelet-certificate-authority", default="", metavar="FILE", help="signs kubelets' certificates"
    )
    _add_aggregation(p.add_argument_group("aggregation"), d)
    p.add_argument("--runtime-config", default="", metavar="GROUP/VERSION[=true],…",
                   help="serve versions besides: policy/v1beta1, discovery.k8s.io/v1beta1, batch/v1beta1")  # fmt: skip
    p.add_argument("-v", "--v", type=int, default=0, metavar="LEVEL", help="2: one line per mutating request")
    return p


def _add_storage(group: argparse._ArgumentGroup, d: Options) -> None:
    group.add_argument("--storage-backend", choices=("embedded", "etcd3"), default="", help="default: etcd3 where "
                       "--etcd-servers is given, else embedded")  # fmt: skip
    group.add_argument("--data-dir", default=d.data_dir, metavar="DIR", help="where the embedded store keeps its file")
    group.add_argument("--etcd-servers", type=_commas, default=[], metavar="URL[,URL]")
    group.add_argument("--etcd-cafile", default="", metavar="FILE")
    group.add_argument("--etcd-certfile", default="", metavar="FILE")
    group.add_argument("--etcd-keyfile", default="", metavar="FILE")
    for flag, default, text in (
        ("--etcd-compaction-interval", d.etcd_compaction_interval, "how often history is compacted"),
        ("--event-ttl", d.event_ttl, "how long events are kept"),
    ):
        group.add_argument(flag, type=flags.parse_duration, default=default, metavar="DURATION", help=text)


def _add_authentication(group: argparse._ArgumentGroup, d: Options) -> None:
    group.add_argument("--client-ca-file", default="", metavar="FILE", help="signs clients' certificates")
    group.add_argument("--token-auth-file", default="", metavar="FILE", help="lines of token,user,uid,groups")
    group.add_argument("--service-account-issuer", action="append", metavar="URL", help="the first one issues")
    group.add_argument("--service-account-key-file", action="append", metavar="FILE", help="public keys of tokens")
    group.add_argument("--service-account-signing-key-file", default="", metavar="FILE", help="signs tokens")
    group.add_argument("--api-audiences", type=_commas, default=[], metavar="NAME[,NAME]", help="default: the issuer")


def _add_aggregation(group: argparse._ArgumentGroup, d: Options) -> None:
    group.add_argument("--proxy-client-cert-file", default="", metavar="FILE", help="shown to extension servers")
    group.add_argument("--proxy-client-key-file", default="", metavar="FILE", help="its key")
    text = "published for extension servers: the authority of that certificate"
    group.add_argument("--requestheader-client-ca-file", default="", metavar="FILE", help=text)
    for name, default, text in (
        ("allowed-names", d.requestheader_allowed_names, "common names that may speak for users"),
        ("username-headers", d.requestheader_username_headers, "headers with the user's name"),
        ("group-headers", d.requestheader_group_headers, "headers with its groups"),
        ("extra-headers-prefix", d.requestheader_extra_headers_prefix, "prefixes of headers with more"),
    ):
        group.add_argument(f"--requestheader-{name}", type=_commas, default=default, metavar="NAME[,NAME]", help=text)


def _commas(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def options_from(arguments: argparse.Namespace) -> Options:
    """Flags → options; what was not given keeps its default."""
    known = {item.name for item in fields(Options)}
    given = {key: value for key, value in vars(arguments).items() if key in known and value is not None}
    if not given["storage_backend"]:
        given["storage_backend"] = "etcd3" if given["etcd_servers"] else "embedded"
    return Options(**given)


def _check_runtime_config(p: argparse.ArgumentParser, text: str) -> None:
    from minik8s.apiserver.registry.runtime_config import RuntimeConfigError, compute_extra_kinds

    try:
        compute_extra_kinds(text)
    except RuntimeConfigError as error:
        p.error(str(error))


def main(argv: list[str]) -> int:
    """Run until told to stop; the exit code."""
    p = parser()
    arguments, ignored = p.parse_known_args(argv)
    wrong = [flag for flag in ignored if not flag.startswith("--")]
    if wrong:
        p.error(f"unrecognized arguments: {' '.join(wrong)}")
    options = options_from(arguments)
    if options.storage_backend == "etcd3" and not options.etcd_servers:
        p.error("--storage-backend etcd3 needs --etcd-servers")
    if options.runtime_config:
        _check_runtime_config(p, options.runtime_config)

    async def serve() -> None:
        if ignored:
            log.info("flags without effect here", flags=" ".join(flag.partition("=")[0] for flag in ignored))
        await ApiServer(options).run()

    return run_component("apiserver", serve, arguments.v)
