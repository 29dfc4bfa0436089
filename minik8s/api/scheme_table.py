"""The scheme's table: every kind that minik8s serves, in the order of discovery.

One row of facts per kind; what most kinds share (plural by rule, all verbs) is a default of `_Row`. Columns are written
`Name, Desired:integer, IP+`: a type after the colon where it is not string, `+` for wide only. Facts from
pkg/registry/**/storage.go and printers.go, with v1.33's columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from minik8s.api.scheme import Column, Kind, Subresource

_ALL = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_CREATE = ("create",)
_RW = ("get", "patch", "update")
_CONNECT = ("create", "get")
_PROXY = ("create", "delete", "get", "patch", "update")

_SCALE = ("autoscaling", "v1", "Scale", "autoscaling.v1:Scale")
_BINDING = ("", "v1", "Binding", "core.pod:Binding")
_EVICTION = ("policy", "v1", "Eviction", "policy:Eviction")
_TOKEN = ("authentication.k8s.io", "v1", "TokenRequest", "authentication:TokenRequest")

#: Subresources by name: verbs, and the kind of the body where it is not the object's own ("" for streams and text).
_SUBRESOURCES: dict[str, tuple[tuple[str, ...], tuple[str, str, str, str] | None]] = {
    "status": (_RW, None),
    "scale": (_RW, _SCALE),
    "ephemeralcontainers": (_RW, None),
    "resize": (_RW, None),
    "approval": (_RW, None),
    "finalize": (("update",), None),
    "binding": (_CREATE, _BINDING),
    "eviction": (_CREATE, _EVICTION),
    "token": (_CREATE, _TOKEN),
    "log": (("get",), None),
    "exec": (_CONNECT, ("", "v1", "PodExecOptions", "")),
    "attach": (_CONNECT, ("", "v1", "PodAttachOptions", "")),
    "portforward": (_CONNECT, ("", "v1", "PodPortForwardOptions", "")),
    "proxy": (_PROXY, ("", "v1", "ProxyOptions", "")),
}

_WORKLOAD_WIDE = "Containers+, Images+, Selector+"
_POD_SUBRESOURCES = "attach binding ephemeralcontainers eviction exec log portforward proxy resize status"

_DESCRIPTIONS = {
    "Name": "Name of the object, unique in its namespace (or in the cluster).",
    "Age": "Time since the object was created.",
    "Status": "Where the object stands in its life.",
    "Ready": "How many of its parts are ready.",
    "Restarts": "How often the containers were restarted, and when last.",
    "Containers": "Names of the containers in the template.",
    "Images": "Images of the containers in the template.",
    "Selector": "Labels that select the object's pods.",
    "Node": "Node that the pod runs on.",
    "IP": "Address of the pod in the cluster's network.",
}


@dataclass(frozen=True, slots=True)
class _Row:
    """A kind's facts; `model` is relative to minik8s.api."""

    kind: str
    model: str
    columns: str = "Name, Age"
    short: str = ""
    namespaced: bool = True
    subresources: str = ""
    categories: str = ""
    verbs: tuple[str, ...] = _ALL
    plural: str = ""
    storage: str = ""
    stored_as: str = ""


_TABLE: dict[str, tuple[_Row, ...]] = {
    "v1": (
        _Row("Binding", "core.pod", verbs=_CREATE),
        _Row(
            "ComponentStatus", "core.component", "Name, Status, Message, Error", "cs", False, verbs=("get", "list"),
            plural="componentstatuses",
        ),
        _Row("ConfigMap", "core.config", "Name, Data, Age", "cm"),
        _Row(
            "Endpoints", "core.endpoints", "Name, Endpoints, Age", "ep", plural="endpoints",
            storage="services/endpoints",
        ),
        _Row(
            "Event", "core.event",
            "Last Seen, Type, Reason, Object, Subobject+, Source+, Message, First Seen+, Count+, Name+", "ev",
        ),
        _Row("LimitRange", "core.quota", "Name, Created At:date", "limits"),
        _Row(
            "Namespace", "core.namespace", "Name, Status, Age", "ns", False, "finalize status",
            verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
        ),
        _Row(
            "Node", "core.node",
            "Name, Status, Roles, Age, Version, Internal-IP+, External-IP+, OS-Image+, Kernel-Version+, "
            "Container-Runtime+", "no", False, "proxy status", storage="minions",
        ),
        _Row(
            "PersistentVolumeClaim", "core.claim",
            "Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, Age, VolumeMode+",
            "pvc",
            subresources="status",
        ),
        _Row(
            "PersistentVolume", "core.persistent_volume",
            "Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, VolumeAttributesClass, Reason, "
            "Age, VolumeMode+", "pv", False, "status",
        ),
        _Row(
            "Pod", "core.pod",
            "Name, Ready, Status, Restarts, Age, IP+, Node+, Nominated Node+, Readiness Gates+", "po",
            subresources=_POD_SUBRESOURCES, categories="all",
        ),
        _Row("PodTemplate", "core.pod", "Name, Containers, Images, Pod Labels"),
        _Row(
            "ReplicationController", "core.replication",
            f"Name, Desired:integer, Current:integer, Ready:integer, Age, {_WORKLOAD_WIDE}", "rc",
            subresources="scale status", categories="all", storage="controllers",
        ),
        _Row("ResourceQuota", "core.quota", "Name, Request, Limit, Age", "quota", subresources="status"),
        _Row("Secret", "core.config", "Name, Type, Data, Age"),
        _Row("ServiceAccount", "core.config", "Name, Secrets, Age", "sa", subresources="token"),
        _Row(
            "Service", "core.service", "Name, Type, Cluster-IP, External-IP, Port(s), Age, Selector+", "svc",
            subresources="proxy status", categories="all", storage="services/specs",
        ),
    ),
    "apiregistration.k8s.io/v1": (
        _Row(
            "APIService", "apiregistration", "Name, Service, Available, Age", "", False, "status", "api-extensions",
            storage="apiregistration.k8s.io/apiservices",
        ),
    ),
    "apps/v1": (
        _Row("ControllerRevision", "apps", "Name, Controller, Revision, Age"),
        _Row(
            "DaemonSet", "apps",
            "Name, Desired:integer, Current:integer, Ready:integer, Up-to-date:integer, Available:integer, "
            f"Node Selector, Age, {_WORKLOAD_WIDE}", "ds", subresources="status", categories="all",
        ),
        _Row(
            "Deployment", "apps", f"Name, Ready, Up-to-date, Available, Age, {_WORKLOAD_WIDE}", "deploy",
            subresources="scale status", categories="all",
        ),
        _Row(
            "ReplicaSet", "apps", f"Name, Desired:integer, Current:integer, Ready:integer, Age, {_WORKLOAD_WIDE}", "rs",
            subresources="scale status", categories="all",
        ),
        _Row(
            "StatefulSet", "apps", "Name, Ready, Age, Containers+, Images+", "sts", subresources="scale status",
            categories="all",
        ),
    ),
    "events.k8s.io/v1": (
        _Row(
            "Event", "events",
            "Last Seen, Type, Reason, Object, Subobject+, Source+, Message, First Seen+, Count+, Name+",
            "ev", stored_as="v1",
        ),
    ),
    "authentication.k8s.io/v1": (
        _Row("SelfSubjectReview", "authentication", "", "", False, verbs=_CREATE),
        _Row("TokenReview", "authentication", "", "", False, verbs=_CREATE),
    ),
    "authorization.k8s.io/v1": (
        _Row("LocalSubjectAccessReview", "authorization", "", verbs=_CREATE),
        _Row("SelfSubjectAccessReview", "authorization", "", "", False, verbs=_CREATE),
        _Row("SelfSubjectRulesReview", "authorization", "", "", False, verbs=_CREATE),
        _Row("SubjectAccessReview", "authorization", "", "", False, verbs=_CREATE),
    ),
    "autoscaling/v2": (
        _Row(
            "HorizontalPodAutoscaler", "autoscaling.v2",
            "Name, Reference, Targets, MinPods, MaxPods, Replicas, Age", "hpa", subresources="status",
            categories="all",
        ),
    ),
    "autoscaling/v1": (
        _Row(
            "HorizontalPodAutoscaler", "autoscaling.v1",
            "Name, Reference, Targets, MinPods, MaxPods, Replicas, Age", "hpa", subresources="status",
            categories="all", stored_as="autoscaling/v2",
        ),
    ),
    "batch/v1": (
        _Row(
            "CronJob", "batch",
            f"Name, Schedule, TimeZone, Suspend:boolean, Active:integer, Last Schedule, Age, {_WORKLOAD_WIDE}", "cj",
            subresources="status", categories="all",
        ),
        _Row(
            "Job", "batch", f"Name, Status, Completions, Duration, Age, {_WORKLOAD_WIDE}", subresources="status",
            categories="all",
        ),
    ),
    "certificates.k8s.io/v1": (
        _Row(
            "CertificateSigningRequest", "certificates",
            "Name, Age, SignerName, Requestor, RequestedDuration, Condition", "csr", False, "approval status",
        ),
    ),
    "networking.k8s.io/v1": (
        _Row("IngressClass", "networking", "Name, Controller, Parameters, Age", "", False),
        _Row(
            "Ingress", "networking", "Name, Class, Hosts, Address, Ports, Age", "ing", subresources="status",
            storage="ingress",
        ),
        _Row("IPAddress", "networking", "Name, ParentRef, Age", "ip", False),
        _Row("NetworkPolicy", "networking", "Name, Pod-Selector, Age", "netpol"),
        _Row("ServiceCIDR", "networking", "Name, CIDRs, Age", "", False, "status"),
    ),
    "policy/v1": (
        _Row(
            "PodDisruptionBudget", "policy", "Name, Min Available, Max Unavailable, Allowed Disruptions:integer, Age",
            "pdb", subresources="status",
        ),
    ),
    "rbac.authorization.k8s.io/v1": (
        _Row("ClusterRoleBinding", "rbac", "Name, Role, Age, Users+, Groups+, ServiceAccounts+", "", False),
        _Row("ClusterRole", "rbac", "Name, Created At:date", "", False),
        _Row("RoleBinding", "rbac", "Name, Role, Age, Users+, Groups+, ServiceAccounts+"),
        _Row("Role", "rbac", "Name, Created At:date"),
    ),
    "storage.k8s.io/v1": (
        _Row(
            "CSIDriver", "storage",
            "Name, AttachRequired:boolean, PodInfoOnMount:boolean, StorageCapacity:boolean, TokenRequests, "
            "RequiresRepublish:boolean, Modes, Age", "", False,
        ),
        _Row("CSINode", "storage", "Name, Drivers:integer, Age", "", False),
        _Row("CSIStorageCapacity", "storage", "Name, StorageClassName, Capacity", plural="csistoragecapacities"),
        _Row(
            "StorageClass", "storage", "Name, Provisioner, ReclaimPolicy, VolumeBindingMode, AllowVolumeExpansion, Age",
            "sc", False,
        ),
        _Row(
            "VolumeAttachment", "storage", "Name, Attacher, PV, Node, Attached:boolean, Age", "", False, "status",
        ),
    ),
    "admissionregistration.k8s.io/v1": (
        _Row(
            "MutatingWebhookConfiguration", "admissionregistration", "Name, Webhooks:integer, Age", "", False,
            categories="api-extensions",
        ),
        _Row(
            "ValidatingAdmissionPolicy", "admissionregistration", "Name, Validations:integer, ParamKind, Age", "",
            False,
            "status", "api-extensions", plural="validatingadmissionpolicies",
        ),
        _Row(
            "ValidatingAdmissionPolicyBinding", "admissionregistration", "Name, PolicyName, ParamRef, Age", "", False,
            categories="api-extensions",
        ),
        _Row(
            "ValidatingWebhookConfiguration", "admissionregistration", "Name, Webhooks:integer, Age", "", False,
            categories="api-extensions",
        ),
    ),
    "apiextensions.k8s.io/v1": (
        _Row(
            "CustomResourceDefinition", "apiextensions", "Name, Created At:date", "crd crds", False, "status",
            "api-extensions", storage="apiextensions.k8s.io/customresourcedefinitions",
        ),
    ),
    "scheduling.k8s.io/v1": (
        _Row(
            "PriorityClass", "scheduling", "Name, Value:integer, Global-Default:boolean, Age, PreemptionPolicy", "pc",
            False,
        ),
    ),
    "coordination.k8s.io/v1": (_Row("Lease", "coordination", "Name, Holder, Age"),),
    "node.k8s.io/v1": (_Row("RuntimeClass", "node", "Name, Handler, Age", "", False),),
    "discovery.k8s.io/v1": (_Row("EndpointSlice", "discovery", "Name, AddressType, Ports, Endpoints, Age"),),
}  # fmt: skip


def kinds() -> Iterator[Kind]:
    """The table's rows as kinds."""
    for group_version, rows in _TABLE.items():
        group, _, version = group_version.rpartition("/")
        for row in rows:
            yield _kind(group, version, row)


def _kind(group: str, version: str, row: _Row) -> Kind:
    plural = row.plural or plural_of(row.kind)
    prefix = row.storage or plural
    return Kind(
        group=group,
        version=version,
        kind=row.kind,
        plural=plural,
        singular=row.kind.lower(),
        namespaced=row.namespaced,
        short_names=tuple(row.short.split()),
        categories=tuple(row.categories.split()),
        verbs=row.verbs,
        columns=tuple(parse_columns(row.columns)),
        subresource_table=tuple(_subresource(group, version, row, name) for name in row.subresources.split()),
        storage_prefix=f"/registry/{prefix}",
        stored_as=row.stored_as,
        model_path=f"minik8s.api.{row.model}:{row.kind}",
    )


def plural_of(kind: str) -> str:
    """`Ingress` → `ingresses`, `NetworkPolicy` → `networkpolicies`: upstream's guess of a resource's name."""
    name = kind.lower()
    if name.endswith("s"):
        return f"{name}es"
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


def _subresource(group: str, version: str, row: _Row, name: str) -> Subresource:
    verbs, body = _SUBRESOURCES[name]
    if body is None:
        path = "" if name == "log" else f"minik8s.api.{row.model}:{row.kind}"
        return Subresource(name, verbs, group, version, row.kind, path)
    if (row.kind, name) in (("Node", "proxy"), ("Service", "proxy"), ("Pod", "proxy")):
        body = ("", "v1", f"{row.kind}ProxyOptions", "")
    return Subresource(name, verbs, *body[:3], f"minik8s.api.{body[3]}" if body[3] else "")


def parse_columns(text: str) -> Iterator[Column]:
    """`Name, Restarts:integer, IP+` → columns."""
    for part in filter(None, (part.strip() for part in text.split(","))):
        wide = part.endswith("+")
        name, _, type_ = part.rstrip("+").partition(":")
        yield Column(
            name=name,
            type=type_ or "string",
            format="name" if name == "Name" else "",
            priority=int(wide),
            description=_DESCRIPTIONS.get(name, f"{name} of the object."),
        )
