"""Validation per kind: upstream's `pkg/apis/<group>/validation` with its field paths and texts (v1.33 wording).

A validator takes the object in wire form, after defaulting, and returns FieldErrors; nothing is changed. `create`
covers metadata too; `update` gets the new and the old object. Kinds without an entry get their metadata checked.

Smaller checks append to a list they are handed (`check_*(errors, path, value)`), which keeps the hot path free of
list building; names of things are checked through cached functions that return upstream's messages (`names.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind
    from minik8s.api.status import FieldError

Json = dict[str, Any]


class Validator(NamedTuple):
    """A kind's three checks; each may be None where metadata is all there is to check."""

    create: Callable[[Json], list[FieldError]] | None = None
    update: Callable[[Json, Json], list[FieldError]] | None = None
    status_update: Callable[[Json, Json], list[FieldError]] | None = None


#: (group, Kind) → "module:NAME" of a Validator; ("autoscaling/v1", Kind) where versions differ.
_VALIDATORS = {
    ("", "Pod"): "pod:POD",
    ("", "PodTemplate"): "workloads:POD_TEMPLATE",
    ("", "ReplicationController"): "workloads:REPLICATION_CONTROLLER",
    ("", "Service"): "service:SERVICE",
    ("", "Endpoints"): "endpoints:ENDPOINTS",
    ("", "ConfigMap"): "config:CONFIG_MAP",
    ("", "Secret"): "config:SECRET",
    ("", "Namespace"): "core:NAMESPACE",
    ("", "Node"): "core:NODE",
    ("", "ServiceAccount"): "core:SERVICE_ACCOUNT",
    ("", "LimitRange"): "quota:LIMIT_RANGE",
    ("", "ResourceQuota"): "quota:RESOURCE_QUOTA",
    ("", "Event"): "events:CORE_EVENT",
    ("events.k8s.io", "Event"): "events:EVENT",
    ("", "PersistentVolume"): "persistent:PERSISTENT_VOLUME",
    ("", "PersistentVolumeClaim"): "persistent:PERSISTENT_VOLUME_CLAIM",
    ("apps", "Deployment"): "workloads:DEPLOYMENT",
    ("apps", "ReplicaSet"): "workloads:REPLICA_SET",
    ("apps", "StatefulSet"): "stateful:STATEFUL_SET",
    ("apps", "DaemonSet"): "stateful:DAEMON_SET",
    ("apps", "ControllerRevision"): "stateful:CONTROLLER_REVISION",
    ("batch", "Job"): "batch:JOB",
    ("batch", "CronJob"): "batch:CRON_JOB",
    ("autoscaling/v1", "HorizontalPodAutoscaler"): "autoscaling:HPA_V1",
    ("autoscaling", "HorizontalPodAutoscaler"): "autoscaling:HPA",
    ("policy", "PodDisruptionBudget"): "policy:POD_DISRUPTION_BUDGET",
    ("scheduling.k8s.io", "PriorityClass"): "policy:PRIORITY_CLASS",
    ("node.k8s.io", "RuntimeClass"): "policy:RUNTIME_CLASS",
    ("coordination.k8s.io", "Lease"): "policy:LEASE",
    ("discovery.k8s.io", "EndpointSlice"): "endpoints:ENDPOINT_SLICE",
    ("networking.k8s.io", "NetworkPolicy"): "networking:NETWORK_POLICY",
    ("networking.k8s.io", "Ingress"): "networking:INGRESS",
    ("networking.k8s.io", "IngressClass"): "networking:INGRESS_CLASS",
    ("rbac.authorization.k8s.io", "Role"): "rbac:ROLE",
    ("rbac.authorization.k8s.io", "ClusterRole"): "rbac:CLUSTER_ROLE",
    ("rbac.authorization.k8s.io", "RoleBinding"): "rbac:ROLE_BINDING",
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): "rbac:CLUSTER_ROLE_BINDING",
    ("storage.k8s.io", "StorageClass"): "persistent:STORAGE_CLASS",
    ("storage.k8s.io", "CSIDriver"): "persistent:CSI_DRIVER",
    ("storage.k8s.io", "VolumeAttachment"): "persistent:VOLUME_ATTACHMENT",
    ("certificates.k8s.io", "CertificateSigningRequest"): "certificates:CSR",
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): "policies.validation:POLICY",
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): "policies.validation:BINDING",
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): "extensions:MUTATING_WEBHOOKS",
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): "extensions:VALIDATING_WEBHOOKS",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "extensions:CRD",
    ("apiregistration.k8s.io", "APIService"): "extensions:API_SERVICE",
}


def validator_for(kind: Kind) -> Validator | None:
    """The kind's validator, imported on first use; None: metadata only."""
    target = _VALIDATORS.get((f"{kind.group}/{kind.version}", kind.kind)) or _VALIDATORS.get((kind.group, kind.kind))
    if target is None:
        return None
    module, _, name = target.partition(":")
    module = f"minik8s.apiserver.{module}" if "." in module else f"minik8s.apiserver.validation.{module}"
    validator: Validator = getattr(import_module(module), name)
    return validator
