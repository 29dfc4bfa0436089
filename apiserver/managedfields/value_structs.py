"""Structs that Go keeps by value though their tag says omitempty: they are on upstream's wire even when empty.

Read from upstream's staging/src/k8s.io/api/**/types.go. Ownership sees them: who creates a container owns its
`f:resources`, and nobody who creates a Deployment owns `f:strategy` itself. Our models leave them out when empty, so
comparison takes their absence for `{}`.
"""

#: Model → fields, by their name on the wire.
VALUE_STRUCTS: dict[str, tuple[str, ...]] = {
    "CertificateSigningRequest": ("status",),
    "Container": ("resources",),
    "ContainerStatus": ("lastState", "state"),
    "CronJob": ("spec", "status"),
    "DaemonSet": ("spec", "status"),
    "DaemonSetSpec": ("updateStrategy",),
    "Deployment": ("status",),
    "DeploymentSpec": ("strategy",),
    "Endpoint": ("conditions",),
    "EphemeralContainer": ("resources",),
    "Event": ("source",),
    "HorizontalPodAutoscaler": ("spec", "status"),
    "Ingress": ("spec", "status"),
    "IngressServiceBackend": ("port",),
    "IngressStatus": ("loadBalancer",),
    "IngressClass": ("spec",),
    "Job": ("spec", "status"),
    "JobTemplateSpec": ("spec",),
    "Lease": ("spec",),
    "LimitRange": ("spec",),
    "Namespace": ("spec", "status"),
    "NetworkPolicy": ("spec",),
    "Node": ("spec", "status"),
    "NodeDaemonEndpoints": ("kubeletEndpoint",),
    "NodeStatus": ("daemonEndpoints", "nodeInfo"),
    "PersistentVolume": ("spec", "status"),
    "PersistentVolumeClaim": ("spec", "status"),
    "PersistentVolumeClaimSpec": ("resources",),
    "Pod": ("spec", "status"),
    "PodDisruptionBudget": ("spec", "status"),
    "PodTemplate": ("template",),
    "PodTemplateSpec": ("spec",),
    "ReplicaSet": ("spec", "status"),
    "ReplicationController": ("spec", "status"),
    "ResourceQuota": ("spec", "status"),
    "Scale": ("spec", "status"),
    "Service": ("spec", "status"),
    "ServiceStatus": ("loadBalancer",),
    "StatefulSet": ("spec", "status"),
    "StatefulSetSpec": ("updateStrategy",),
    "VolumeAttachment": ("status",),
}
