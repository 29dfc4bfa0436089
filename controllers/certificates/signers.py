"""Which requests each of the cluster's signers accepts; pure: facts about a request in, a refusal or "" out.

Mirrors upstream's pkg/controller/certificates/signer/signer.go and pkg/apis/certificates/helpers.go. Four signer names
are ours; every other one belongs to somebody else, who watches for it.
"""

from dataclasses import dataclass, field

SERVING_USAGES = ("digital signature", "key encipherment", "server auth")
CLIENT_USAGES = ("client auth", "digital signature", "key encipherment")
KUBELET_SERVING = "kubernetes.io/kubelet-serving"
KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet"
API_CLIENT = "kubernetes.io/kube-apiserver-client"
LEGACY = "kubernetes.io/legacy-unknown"
SIGNER_NAMES = (KUBELET_SERVING, KUBELET_CLIENT, API_CLIENT, LEGACY)


@dataclass(frozen=True)
class Wanted:
    """What a PKCS#10 request says: whose name, and which other names."""

    common_name: str = ""
    organizations: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    usages: tuple[str, ...] = field(default=())


def compute_refusal(signer: str, wanted: Wanted) -> str:
    """Why this signer will not sign, in upstream's words; empty when it will."""
    if signer == API_CLIENT:
        return _refuse_client(wanted)
    if signer == KUBELET_SERVING:
        return _refuse_kubelet_serving(wanted)
    if signer == KUBELET_CLIENT:
        return _refuse_kubelet_client(wanted)
    return ""  # legacy-unknown never had rules


def _refuse_client(wanted: Wanted) -> str:
    for usage in wanted.usages:
        if usage not in CLIENT_USAGES:
            return f"invalid usage for client certificate: {usage}"
    return "" if "client auth" in wanted.usages else "missing required usage for client certificate: client auth"


def _refuse_kubelet_serving(wanted: Wanted) -> str:
    if wanted.organizations != ("system:nodes",):
        return "subject organization is not system:nodes"
    if not wanted.dns and not wanted.ips:
        return "DNS or IP subjectAltName is required"
    if wanted.emails:
        return "Email subjectAltNames are not allowed"
    if wanted.uris:
        return "URI subjectAltNames are not allowed"
    return _refuse_node_usages(wanted, SERVING_USAGES) or _refuse_node_name(wanted)


def _refuse_kubelet_client(wanted: Wanted) -> str:
    if wanted.organizations != ("system:nodes",):
        return "subject organization is not system:nodes"
    kinds = (("DNS", wanted.dns), ("Email", wanted.emails), ("IP", wanted.ips), ("URI", wanted.uris))
    for kind, names in kinds:
        if names:
            return f"{kind} subjectAltNames are not allowed"
    return _refuse_node_name(wanted) or _refuse_node_usages(wanted, CLIENT_USAGES)


def _refuse_node_name(wanted: Wanted) -> str:
    named = wanted.common_name.startswith("system:node:")
    return "" if named else "subject common name does not begin with system:node:"


def _refuse_node_usages(wanted: Wanted, required: tuple[str, ...]) -> str:
    """Exactly these; since 1.27 without key encipherment too, which a key for signatures only has no use for."""
    usages = set(wanted.usages)
    if usages in (set(required), set(required) - {"key encipherment"}):
        return ""
    return f"usages did not match [{' '.join(sorted(required))}]"
