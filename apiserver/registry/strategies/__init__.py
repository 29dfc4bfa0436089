"""Strategies per kind: (group, Kind) → "module:Class", imported when the kind is first written or selected.

A kind that is not listed has the generic behaviour of `registry/strategy.py` with its defaulting and validation from
the tables in `apiserver/defaulting` and `apiserver/validation`.
"""

STRATEGIES: dict[tuple[str, str], str] = {
    ("", "Pod"): "pod:PodStrategy",
    ("", "Node"): "core:NodeStrategy",
    ("", "Namespace"): "namespace:NamespaceStrategy",
    ("", "Service"): "service:ServiceStrategy",
    ("", "Endpoints"): "core:EndpointsStrategy",
    ("", "Secret"): "core:SecretStrategy",
    ("", "ConfigMap"): "core:ConfigMapStrategy",
    ("", "Event"): "events:CoreEventStrategy",
    ("events.k8s.io", "Event"): "events:EventStrategy",
    ("", "ReplicationController"): "workloads:ReplicationControllerStrategy",
    ("", "PersistentVolume"): "core:PersistentVolumeStrategy",
    ("", "PersistentVolumeClaim"): "core:PersistentVolumeClaimStrategy",
    ("apps", "ReplicaSet"): "workloads:ReplicaSetStrategy",
    ("apps", "Deployment"): "workloads:DeploymentStrategy",
    ("apps", "StatefulSet"): "workloads:StatefulSetStrategy",
    ("apps", "DaemonSet"): "workloads:DaemonSetStrategy",
    ("batch", "Job"): "batch:JobStrategy",
    ("batch", "CronJob"): "batch:CronJobStrategy",
    ("autoscaling/v1", "HorizontalPodAutoscaler"): "autoscaling:HpaV1Strategy",
    ("autoscaling", "HorizontalPodAutoscaler"): "autoscaling:HpaStrategy",
    ("policy", "PodDisruptionBudget"): "workloads:PodDisruptionBudgetStrategy",
    ("networking.k8s.io", "Ingress"): "core:IngressStrategy",
    ("scheduling.k8s.io", "PriorityClass"): "core:PriorityClassStrategy",
    ("coordination.k8s.io", "Lease"): "core:UpsertStrategy",
    ("discovery.k8s.io", "EndpointSlice"): "core:EndpointSliceStrategy",
    ("policy/v1beta1", "PodDisruptionBudget"): "legacy:PodDisruptionBudgetV1beta1Strategy",
    ("discovery.k8s.io/v1beta1", "EndpointSlice"): "legacy:EndpointSliceV1beta1Strategy",
    ("batch/v1beta1", "CronJob"): "legacy:CronJobV1beta1Strategy",
    ("certificates.k8s.io", "CertificateSigningRequest"): "certificates:CsrStrategy",
    ("rbac.authorization.k8s.io", "Role"): "core:RbacStrategy",
    ("rbac.authorization.k8s.io", "ClusterRole"): "core:RbacStrategy",
    ("rbac.authorization.k8s.io", "RoleBinding"): "core:RbacStrategy",
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): "core:RbacStrategy",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "extensions:CrdStrategy",
}
