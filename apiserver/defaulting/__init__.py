"""Defaulting per kind: what upstream's `pkg/apis/<group>/<version>/defaults.go` fill in (v1.33).

Functions take the object in wire form and change it in place; running them twice changes nothing more. Upstream's
codec also rewrites quantities to canonical form when it decodes; that happens here too (`quantities.py`).

Left out: cloud volume sources nobody can mount here get only their type checked (no azureDisk, rbd, scaleIO defaults).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind

Defaulter = Callable[[dict[str, Any]], None]

#: (group, Kind) → "module:function"; ("autoscaling/v1", Kind) where versions differ. Imported when first needed.
_DEFAULTERS = {
    ("", "Pod"): "pod:default_pod",
    ("", "PodTemplate"): "workloads:default_pod_template_object",
    ("", "ReplicationController"): "workloads:default_replication_controller",
    ("", "Service"): "service:default_service",
    ("", "Endpoints"): "service:default_endpoints",
    ("", "Namespace"): "core:default_namespace",
    ("", "Node"): "core:default_node",
    ("", "Secret"): "core:default_secret",
    ("", "Event"): "core:default_event",
    ("", "LimitRange"): "core:default_limit_range",
    ("", "ResourceQuota"): "core:default_resource_quota",
    ("", "PersistentVolume"): "volumes:default_persistent_volume",
    ("", "PersistentVolumeClaim"): "volumes:default_persistent_volume_claim",
    ("apps", "Deployment"): "workloads:default_deployment",
    ("apps", "ReplicaSet"): "workloads:default_replica_set",
    ("apps", "StatefulSet"): "workloads:default_stateful_set",
    ("apps", "DaemonSet"): "workloads:default_daemon_set",
    ("batch", "Job"): "workloads:default_job",
    ("batch", "CronJob"): "workloads:default_cron_job",
    ("autoscaling/v1", "HorizontalPodAutoscaler"): "policy:default_hpa_v1",
    ("autoscaling", "HorizontalPodAutoscaler"): "policy:default_hpa",
    ("discovery.k8s.io", "EndpointSlice"): "service:default_endpoint_slice",
    ("networking.k8s.io", "NetworkPolicy"): "service:default_network_policy",
    ("networking.k8s.io", "IngressClass"): "service:default_ingress_class",
    ("rbac.authorization.k8s.io", "RoleBinding"): "policy:default_role_binding",
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): "policy:default_role_binding",
    ("scheduling.k8s.io", "PriorityClass"): "policy:default_priority_class",
    ("storage.k8s.io", "StorageClass"): "volumes:default_storage_class",
    ("storage.k8s.io", "CSIDriver"): "volumes:default_csi_driver",
    ("node.k8s.io", "RuntimeClass"): "policy:default_runtime_class",
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): "extensions:default_mutating_webhooks",
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): "extensions:default_validating_webhooks",
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): "extensions:default_admission_policy",
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): "extensions:default_policy_binding",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "extensions:default_crd",
    ("apiregistration.k8s.io", "APIService"): "extensions:default_api_service",
}


def defaulter_for(kind: Kind) -> Defaulter | None:
    """The kind's defaulting function, or None where upstream defaults nothing."""
    target = _DEFAULTERS.get((f"{kind.group}/{kind.version}", kind.kind)) or _DEFAULTERS.get((kind.group, kind.kind))
    if target is None:
        return None
    module, _, name = target.partition(":")
    function: Defaulter = getattr(import_module(f"minik8s.apiserver.defaulting.{module}"), name)
    return function
