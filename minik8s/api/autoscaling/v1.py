"""autoscaling/v1: Scale, and the autoscaler by CPU alone.

Mirrors upstream's staging/src/k8s.io/api/autoscaling/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Int32, Int64, Model, Time, sent
from minik8s.api.meta import ObjectMeta


class CrossVersionObjectReference(Model, atomic=True):
    """Points at an object to scale or measure."""

    kind: str  #: Its kind.
    name: str  #: Its name.
    api_version: str | None = None  #: Its group and version.


class HorizontalPodAutoscalerSpec(Model):
    """What to scale, and to which CPU use."""

    scale_target_ref: CrossVersionObjectReference  #: What to scale.
    min_replicas: Int32 | None = None  #: At least so many; default 1.
    max_replicas: Int32  #: At most so many.
    target_cpu_utilization_percentage: Int32 | None = None  #: Wanted CPU use, of what was requested.


class HorizontalPodAutoscalerStatus(Model):
    """What was observed and decided."""

    observed_generation: Int64 | None = None  #: The metadata.generation that this was observed of.
    last_scale_time: Time | None = None  #: When it last changed the number.
    current_replicas: Int32 = sent(0)  #: Pods now.
    desired_replicas: Int32 = sent(0)  #: Pods wanted.
    current_cpu_utilization_percentage: Int32 | None = None  #: CPU use now.


class HorizontalPodAutoscaler(Model):
    """Changes the number of pods by their load."""

    api_version: str = sent("autoscaling/v1")
    kind: str = sent("HorizontalPodAutoscaler")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: HorizontalPodAutoscalerSpec
    status: HorizontalPodAutoscalerStatus = sent(HorizontalPodAutoscalerStatus)


class ScaleSpec(Model):
    """The number wanted."""

    replicas: Int32 | None = None  #: How many pods.


class ScaleStatus(Model):
    """The number observed."""

    replicas: Int32 = sent(0)  #: How many pods.
    selector: str | None = None  #: Labels of the pods, as text.


class Scale(Model):
    """The number of pods of anything that can be scaled."""

    api_version: str = sent("autoscaling/v1")
    kind: str = sent("Scale")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: ScaleSpec = sent(ScaleSpec)
    status: ScaleStatus = sent(ScaleStatus)
