"""Models: autoscaling/v2.py."""

from typing import Annotated

from minik8s.api.base import Int32, Int64, ListMap, MergeKey, Model, QuantityStr, Time, sent
from minik8s.api.meta import LabelSelector, ObjectMeta


class MetricTarget(Model):
    """Metric Target."""

    type: str
    average_utilization: Int32 | None = None
    average_value: QuantityStr | None = None
    value: QuantityStr | None = None


class ContainerResourceMetricSource(Model):
    """Container Resource Metric Source."""

    container: str
    name: str
    target: MetricTarget


class MetricValueStatus(Model):
    """Metric Value Status."""

    average_utilization: Int32 | None = None
    average_value: QuantityStr | None = None
    value: QuantityStr | None = None


class ContainerResourceMetricStatus(Model):
    """Container Resource Metric Status."""

    container: str = sent("")
    current: MetricValueStatus
    name: str = sent("")


class CrossVersionObjectReference(Model):
    """Cross Version Object Reference."""

    kind: str
    name: str
    api_version: str | None = None


class MetricIdentifier(Model):
    """Metric Identifier."""

    name: str
    selector: LabelSelector | None = None


class ExternalMetricSource(Model):
    """External Metric Source."""

    metric: MetricIdentifier
    target: MetricTarget


class ExternalMetricStatus(Model):
    """External Metric Status."""

    current: MetricValueStatus
    metric: MetricIdentifier


class HPAScalingPolicy(Model):
    """H P A Scaling Policy."""

    period_seconds: Int32
    type: str
    value: Int32


class HPAScalingRules(Model):
    """H P A Scaling Rules."""

    policies: list[HPAScalingPolicy] = []
    select_policy: str | None = None
    stabilization_window_seconds: Int32 | None = None
    tolerance: QuantityStr | None = None


class HorizontalPodAutoscalerBehavior(Model):
    """Horizontal Pod Autoscaler Behavior."""

    scale_down: HPAScalingRules | None = None
    scale_up: HPAScalingRules | None = None


class ObjectMetricSource(Model):
    """Object Metric Source."""

    described_object: CrossVersionObjectReference
    metric: MetricIdentifier
    target: MetricTarget


class PodsMetricSource(Model):
    """Pods Metric Source."""

    metric: MetricIdentifier
    target: MetricTarget


class ResourceMetricSource(Model):
    """Resource Metric Source."""

    name: str
    target: MetricTarget


class MetricSpec(Model):
    """Metric Spec."""

    type: str
    container_resource: ContainerResourceMetricSource | None = None
    external: ExternalMetricSource | None = None
    object: ObjectMetricSource | None = None
    pods: PodsMetricSource | None = None
    resource: ResourceMetricSource | None = None


class HorizontalPodAutoscalerSpec(Model):
    """Horizontal Pod Autoscaler Spec."""

    max_replicas: Int32
    scale_target_ref: CrossVersionObjectReference
    behavior: HorizontalPodAutoscalerBehavior | None = None
    metrics: list[MetricSpec] = []
    min_replicas: Int32 | None = None


class HorizontalPodAutoscalerCondition(Model):
    """Horizontal Pod Autoscaler Condition."""

    status: str
    type: str
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None


class ObjectMetricStatus(Model):
    """Object Metric Status."""

    current: MetricValueStatus
    described_object: CrossVersionObjectReference
    metric: MetricIdentifier


class PodsMetricStatus(Model):
    """Pods Metric Status."""

    current: MetricValueStatus
    metric: MetricIdentifier


class ResourceMetricStatus(Model):
    """Resource Metric Status."""

    current: MetricValueStatus
    name: str = sent("")


class MetricStatus(Model):
    """Metric Status."""

    type: str = sent("")
    container_resource: ContainerResourceMetricStatus | None = None
    external: ExternalMetricStatus | None = None
    object: ObjectMetricStatus | None = None
    pods: PodsMetricStatus | None = None
    resource: ResourceMetricStatus | None = None


class HorizontalPodAutoscalerStatus(Model):
    """Horizontal Pod Autoscaler Status."""

    desired_replicas: Int32 = sent(0)
    conditions: Annotated[list[HorizontalPodAutoscalerCondition], MergeKey("type"), ListMap("type")] = []
    current_metrics: list[MetricStatus] = []
    current_replicas: Int32 | None = None
    last_scale_time: Time | None = None
    observed_generation: Int64 | None = None


class HorizontalPodAutoscaler(Model):
    """Horizontal Pod Autoscaler."""

    api_version: str = sent("autoscaling/v2")
    kind: str = sent("HorizontalPodAutoscaler")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: HorizontalPodAutoscalerSpec
    status: HorizontalPodAutoscalerStatus = sent(HorizontalPodAutoscalerStatus)
