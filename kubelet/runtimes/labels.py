"""The labels that sandboxes and containers are made with: all that a kubelet remembers of them.

Mirrors pkg/kubelet/types/labels.go and pkg/kubelet/kuberuntime/labels.go.
"""

from __future__ import annotations

from minik8s.kubelet.runtimes.model import ContainerConfig, RuntimeOptions, SandboxConfig, SandboxStatus

# Upstream's label names (pkg/kubelet/types/labels.go): tools that read the engine know them.
LABEL_POD_NAME = "io.kubernetes.pod.name"
LABEL_POD_NAMESPACE = "io.kubernetes.pod.namespace"
LABEL_POD_UID = "io.kubernetes.pod.uid"
LABEL_CONTAINER_NAME = "io.kubernetes.container.name"
# Ours. The values are strings; `docker inspect` shows them all.
LABEL_KIND = "minik8s.io/kind"  # "sandbox" | "container"; set by the runtime
LABEL_SANDBOX_ID = "minik8s.io/sandbox-id"  # of a container; set by the runtime
LABEL_NODE = "minik8s.io/node"  # set by the runtime from RuntimeOptions.node_name
LABEL_CLUSTER = "minik8s.io/cluster"  # set by the runtime from RuntimeOptions.cluster_id
LABEL_LOG_PATH = "minik8s.io/log-path"  # set by the runtime from ContainerConfig.log_path
LABEL_CONTAINER_HASH = "minik8s.io/container-hash"  # of the container's spec: changed → restart; set by the kubelet
LABEL_RESTART_COUNT = "minik8s.io/restart-count"  # set by the kubelet: attempt number of this container, from 0
LABEL_CONTAINER_TYPE = "minik8s.io/container-type"  # "container" | "init" | "ephemeral"; set by the kubelet
LABEL_DEVICES = "minik8s.io/devices"  # JSON {"nvidia.com/gpu": ["GPU-…"]}: the ledger is rebuilt from it; the kubelet's
LABEL_GRACE = "minik8s.io/termination-grace"  # seconds, for a pod that only the runtime still knows; the kubelet's
LABEL_TERMINATION_PATH = "minik8s.io/termination-message-path"
LABEL_TERMINATION_POLICY = "minik8s.io/termination-message-policy"
LABEL_SANDBOX_ATTEMPT = "minik8s.io/sandbox-attempt"
LABEL_POD_MANIFEST = "minik8s.io/pod-manifest"  # optional, of a sandbox: what the kubelet wishes to remember


def sandbox_labels(config: SandboxConfig, options: RuntimeOptions) -> dict[str, str]:
    """The labels a sandbox is made with: the kubelet's, and what every runtime adds."""
    return {
        **config.labels,
        LABEL_POD_NAME: config.pod_name,
        LABEL_POD_NAMESPACE: config.pod_namespace,
        LABEL_POD_UID: config.pod_uid,
        LABEL_SANDBOX_ATTEMPT: str(config.attempt),
        LABEL_KIND: "sandbox",
        LABEL_NODE: options.node_name,
        LABEL_CLUSTER: options.cluster_id,
    }


def container_labels(sandbox: SandboxStatus, config: ContainerConfig, options: RuntimeOptions) -> dict[str, str]:
    """The labels a container is made with: the kubelet's, and what every runtime adds."""
    return {
        LABEL_RESTART_COUNT: str(config.attempt),
        **config.labels,
        LABEL_POD_NAME: sandbox.pod_name,
        LABEL_POD_NAMESPACE: sandbox.pod_namespace,
        LABEL_POD_UID: sandbox.pod_uid,
        LABEL_CONTAINER_NAME: config.name,
        LABEL_SANDBOX_ID: sandbox.id,
        LABEL_LOG_PATH: config.log_path,
        LABEL_KIND: "container",
        LABEL_NODE: options.node_name,
        LABEL_CLUSTER: options.cluster_id,
    }
