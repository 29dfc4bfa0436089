"""autoscaling: v1 (also the `Scale` of every scale subresource) and v2, the newer and stored version.

The names of v2 stand here too: `autoscaling.HorizontalPodAutoscaler` is v2's; take v1's from `autoscaling.v1`.
"""

from minik8s.api.autoscaling import v1 as v1
from minik8s.api.autoscaling import v2 as v2
from minik8s.api.autoscaling.v1 import Scale as Scale
from minik8s.api.autoscaling.v1 import ScaleSpec as ScaleSpec
from minik8s.api.autoscaling.v1 import ScaleStatus as ScaleStatus
from minik8s.api.autoscaling.v2 import *
