"""Models: autoscaling/v1.py."""

from minik8s.api.base import Int32, Int64, Model, Time, sent
from minik8s.api.meta import ObjectMeta


class CrossVersionObjectReference(Model, atomic=True):
    """Cross Version Object Reference."""

    kind: str
    name: str
    api_version: str | None = None


class HorizontalPodAutoscalerSpec(Model):
    """Horizontal Pod Autoscaler Spec."""

    max_replicas: Int32
    scale_target_ref: CrossVersionObjectReference
    min_replicas: Int32 | None = None
    target_cpu_utilization_percentage: Int32 | None = None


class HorizontalPodAutoscalerStatus(Model):
    """Horizontal Pod Autoscaler Status."""

    current_replicas: Int32 = sent(0)
    desired_replicas: Int32 = sent(0)
    current_cpu_utilization_percentage: Int32 | None = None
    last_scale_time: Time | None = None
    observed_generation: Int64 | None = None


class HorizontalPodAutoscaler(Model):
    """Horizontal Pod Autoscaler."""

    api_version: str = sent("autoscaling/v1")
    kind: str = sent("HorizontalPodAutoscaler")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: HorizontalPodAutoscalerSpec
    status: HorizontalPodAutoscalerStatus = sent(HorizontalPodAutoscalerStatus)


class ScaleSpec(Model):
    """Scale Spec."""

    replicas: Int32 | None = None


class ScaleStatus(Model):
    """Scale Status."""

    replicas: Int32 = sent(0)
    selector: str | None = None


class Scale(Model):
    """Scale."""

    api_version: str = sent("autoscaling/v1")
    kind: str = sent("Scale")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: ScaleSpec = sent(ScaleSpec)
    status: ScaleStatus = sent(ScaleStatus)
