"""What clusters are run with: RBAC, classes, drivers, leases, certificates, webhooks, API services."""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.printers import text

Json = dict[str, Any]

_DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def print_binding(obj: Json, now: float) -> list[Any]:
    role = obj.get("roleRef") or {}
    found: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in obj.get("subjects") or ():
        name = subject.get("name") or ""
        if subject.get("kind") == "ServiceAccount":
            name = f"{subject.get('namespace', '')}/{name}"
        found.setdefault(subject.get("kind") or "", []).append(name)
    shown = [", ".join(found[kind]) for kind in ("User", "Group", "ServiceAccount")]
    return [text.name(obj), f"{role.get('kind')}/{role.get('name')}", text.age(obj, now), *shown]


def print_storage_class(obj: Json, now: float) -> list[Any]:
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    default = any(annotations.get(key) == "true" for key in _DEFAULT_CLASS)
    return [
        text.name(obj) + (" (default)" if default else ""),
        obj.get("provisioner") or "",
        obj.get("reclaimPolicy") or "Delete",
        obj.get("volumeBindingMode") or "Immediate",
        bool(obj.get("allowVolumeExpansion")),
        text.age(obj, now),
    ]


def print_csi_driver(obj: Json, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    tokens = ",".join(one.get("audience") or "" for one in spec.get("tokenRequests") or ()) or text.UNSET
    return [
        text.name(obj),
        spec.get("attachRequired", True),
        bool(spec.get("podInfoOnMount")),
        bool(spec.get("storageCapacity")),
        tokens,
        bool(spec.get("requiresRepublish")),
        ",".join(spec.get("volumeLifecycleModes") or ()) or text.NONE,
        text.age(obj, now),
    ]


def print_csi_node(obj: Json, now: float) -> list[Any]:
    return [text.name(obj), len((obj.get("spec") or {}).get("drivers") or ()), text.age(obj, now)]


def print_csi_capacity(obj: Json, now: float) -> list[Any]:
    return [text.name(obj), obj.get("storageClassName") or "", obj.get("capacity") or text.UNSET]


def print_attachment(obj: Json, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    volume = (spec.get("source") or {}).get("persistentVolumeName") or ""
    attached = bool((obj.get("status") or {}).get("attached"))
    return [
        text.name(obj),
        spec.get("attacher") or "",
        volume,
        spec.get("nodeName") or "",
        attached,
        text.age(obj, now),
    ]


def print_lease(obj: Json, now: float) -> list[Any]:
    return [text.name(obj), (obj.get("spec") or {}).get("holderIdentity") or "", text.age(obj, now)]


def print_runtime_class(obj: Json, now: float) -> list[Any]:
    return [text.name(obj), obj.get("handler") or "", text.age(obj, now)]


def print_priority_class(obj: Json, now: float) -> list[Any]:
    policy = obj.get("preemptionPolicy") or ""
    return [text.name(obj), obj.get("value") or 0, bool(obj.get("globalDefault")), text.age(obj, now), policy]


def print_csr(obj: Json, now: float) -> list[Any]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    kinds = {one.get("type") for one in status.get("conditions") or ()}
    words = [kind for kind in ("Approved", "Denied", "Failed") if kind in kinds] or ["Pending"]
    if status.get("certificate"):
        words.append("Issued")
    seconds = spec.get("expirationSeconds")
    return [
        text.name(obj),
        text.age(obj, now),
        spec.get("signerName") or text.NONE,
        spec.get("username") or "",
        text.human_duration(seconds) if seconds is not None else text.NONE,
        ",".join(words),
    ]


def print_webhooks(obj: Json, now: float) -> list[Any]:
    return [text.name(obj), len(obj.get("webhooks") or ()), text.age(obj, now)]


def print_admission_policy(obj: Json, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    param = spec.get("paramKind")
    shown = f"{param.get('apiVersion')}/{param.get('kind')}" if param else text.UNSET
    return [text.name(obj), len(spec.get("validations") or ()), shown, text.age(obj, now)]


def print_policy_binding(obj: Json, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    param, shown = spec.get("paramRef"), text.UNSET
    if param:
        namespace = param.get("namespace")
        shown = f"{namespace}/{param.get('name')}" if namespace else param.get("name") or "*"
    return [text.name(obj), spec.get("policyName") or "", shown, text.age(obj, now)]


def print_api_service(obj: Json, now: float) -> list[Any]:
    service = (obj.get("spec") or {}).get("service")
    conditions = (obj.get("status") or {}).get("conditions") or ()
    available: Json = next((one for one in conditions if one.get("type") == "Available"), {})
    word = available.get("status") or ("Unknown" if service else "True")
    if word != "True" and available.get("reason"):
        word = f"{word} ({available['reason']})"
    where = f"{service.get('namespace')}/{service.get('name')}" if service else "Local"
    return [text.name(obj), where, word, text.age(obj, now)]


PRINTERS = {
    ("rbac.authorization.k8s.io", "RoleBinding"): print_binding,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): print_binding,
    ("storage.k8s.io", "StorageClass"): print_storage_class,
    ("storage.k8s.io", "CSIDriver"): print_csi_driver,
    ("storage.k8s.io", "CSINode"): print_csi_node,
    ("storage.k8s.io", "CSIStorageCapacity"): print_csi_capacity,
    ("storage.k8s.io", "VolumeAttachment"): print_attachment,
    ("coordination.k8s.io", "Lease"): print_lease,
    ("node.k8s.io", "RuntimeClass"): print_runtime_class,
    ("scheduling.k8s.io", "PriorityClass"): print_priority_class,
    ("certificates.k8s.io", "CertificateSigningRequest"): print_csr,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): print_webhooks,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): print_webhooks,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): print_admission_policy,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): print_policy_binding,
    ("apiregistration.k8s.io", "APIService"): print_api_service,
}
