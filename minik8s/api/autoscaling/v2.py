"""autoscaling/v2: the autoscaler by any metrics.

Mirrors upstream's staging/src/k8s.io/api/autoscaling/v2/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Int32, Int64, ListMap, MergeKey, Model, QuantityStr, Time, sent
from minik8s.api.meta import LabelSelector, ObjectMeta


class MetricTarget(Model):
    """The value a metric should have."""

    type: str  #: Utilization, Value or AverageValue.
    value: QuantityStr | None = None  #: The value.
    average_value: QuantityStr | None = None  #: The value per pod.
    average_utilization: Int32 | None = None  #: Percentage of what was requested.


class ContainerResourceMetricSource(Model):
    """A resource of one container in each pod."""

    name: str  #: The resource.
    target: MetricTarget  #: The value wanted.
    container: str  #: The container.


class MetricValueStatus(Model):
    """The value a metric has."""

    value: QuantityStr | None = None  #: The value.
    average_value: QuantityStr | None = None  #: The value per pod.
    average_utilization: Int32 | None = None  #: Percentage of what was requested.


class ContainerResourceMetricStatus(Model):
    """The same, as observed."""

    name: str = sent("")  #: The resource.
    current: MetricValueStatus  #: The value now.
    container: str = sent("")  #: The container.


class CrossVersionObjectReference(Model):
    """Points at an object to scale or measure."""

    kind: str  #: Its kind.
    name: str  #: Its name.
    api_version: str | None = None  #: Its group and version.


class MetricIdentifier(Model):
    """Which metric."""

    name: str  #: Its name.
    selector: LabelSelector | None = None  #: Labels of it.


class ExternalMetricSource(Model):
    """A metric from outside the cluster."""

    metric: MetricIdentifier  #: Which one.
    target: MetricTarget  #: The value wanted.


class ExternalMetricStatus(Model):
    """The same, as observed."""

    metric: MetricIdentifier  #: Which one.
    current: MetricValueStatus  #: The value now.


class HPAScalingPolicy(Model):
    """How much may change in a time."""

    type: str  #: Pods or Percent.
    value: Int32  #: How much.
    period_seconds: Int32  #: In so many seconds.


class HPAScalingRules(Model):
    """How fast to scale one way."""

    select_policy: str | None = None  #: Max, Min or Disabled: which policy counts.
    policies: list[HPAScalingPolicy] = []  #: Policies for the pace.
    stabilization_window_seconds: Int32 | None = None  #: Look back so long before acting.
    tolerance: QuantityStr | None = None  #: Difference that is not worth a change.


class HorizontalPodAutoscalerBehavior(Model):
    """How fast to scale."""

    scale_up: HPAScalingRules | None = None  #: Upwards.
    scale_down: HPAScalingRules | None = None  #: Downwards.


class ObjectMetricSource(Model):
    """A metric of one object."""

    described_object: CrossVersionObjectReference  #: The object.
    target: MetricTarget  #: The value wanted.
    metric: MetricIdentifier  #: Which one.


class PodsMetricSource(Model):
    """A metric of each pod, averaged."""

    metric: MetricIdentifier  #: Which one.
    target: MetricTarget  #: The value wanted.


class ResourceMetricSource(Model):
    """A resource of each pod, averaged."""

    name: str  #: The resource.
    target: MetricTarget  #: The value wanted.


class MetricSpec(Model):
    """A metric to scale by; one source."""

    type: str  #: Object, Pods, Resource, ContainerResource or External.
    object: ObjectMetricSource | None = None  #: Of one object.
    pods: PodsMetricSource | None = None  #: Of each pod.
    resource: ResourceMetricSource | None = None  #: CPU or memory of the pods.
    external: ExternalMetricSource | None = None  #: From outside.
    container_resource: ContainerResourceMetricSource | None = None  #: CPU or memory of one container.


class HorizontalPodAutoscalerSpec(Model):
    """What to scale, by which metrics."""

    scale_target_ref: CrossVersionObjectReference  #: What to scale.
    min_replicas: Int32 | None = None  #: At least so many; default 1.
    max_replicas: Int32  #: At most so many.
    metrics: list[MetricSpec] = []  #: Metrics; the one that asks for most pods wins.
    behavior: HorizontalPodAutoscalerBehavior | None = None  #: How fast.


class HorizontalPodAutoscalerCondition(Model):
    """An observation of an autoscaler."""

    type: str  #: AbleToScale, ScalingActive or ScalingLimited.
    status: str  #: True, False or Unknown.
    last_transition_time: Time | None = None  #: When the condition last changed its status.
    reason: str | None = None  #: Why, in one CamelCase word.
    message: str | None = None  #: Details, for people.


class ObjectMetricStatus(Model):
    """The same, as observed."""

    metric: MetricIdentifier  #: Which one.
    current: MetricValueStatus  #: The value now.
    described_object: CrossVersionObjectReference  #: The object.


class PodsMetricStatus(Model):
    """The same, as observed."""

    metric: MetricIdentifier  #: Which one.
    current: MetricValueStatus  #: The value now.


class ResourceMetricStatus(Model):
    """The same, as observed."""

    name: str = sent("")  #: The resource.
    current: MetricValueStatus  #: The value now.


class MetricStatus(Model):
    """A metric as observed."""

    type: str = sent("")  #: Object, Pods, Resource, ContainerResource or External.
    object: ObjectMetricStatus | None = None  #: Of one object.
    pods: PodsMetricStatus | None = None  #: Of each pod.
    resource: ResourceMetricStatus | None = None  #: CPU or memory of the pods.
    external: ExternalMetricStatus | None = None  #: From outside.
    container_resource: ContainerResourceMetricStatus | None = None  #: CPU or memory of one container.


class HorizontalPodAutoscalerStatus(Model):
    """What was observed and decided."""

    observed_generation: Int64 | None = None  #: The metadata.generation that this was observed of.
    last_scale_time: Time | None = None  #: When it last changed the number.
    current_replicas: Int32 | None = None  #: Pods now.
    desired_replicas: Int32 = sent(0)  #: Pods wanted.
    current_metrics: list[MetricStatus] = []  #: Metrics now.
    #: Observations with a truth value each, by type.
    conditions: Annotated[list[HorizontalPodAutoscalerCondition], MergeKey("type"), ListMap("type")] = []


class HorizontalPodAutoscaler(Model):
    """Changes the number of pods by metrics."""

    api_version: str = sent("autoscaling/v2")
    kind: str = sent("HorizontalPodAutoscaler")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: HorizontalPodAutoscalerSpec
    status: HorizontalPodAutoscalerStatus = sent(HorizontalPodAutoscalerStatus)
