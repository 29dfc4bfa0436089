"""Protobuf field numbers of autoscaling.v1; the notation is explained in wire/schema.py.

Facts from upstream's api/autoscaling/v1/generated.proto.
"""

NUMBERS = """
CrossVersionObjectReference: kind=1 name=2 apiVersion=3
HorizontalPodAutoscaler: metadata=1 spec=2 status=3
HorizontalPodAutoscalerSpec: scaleTargetRef=1 minReplicas=2* maxReplicas=3 targetCPUUtilizationPercentage=4*
HorizontalPodAutoscalerStatus: observedGeneration=1* lastScaleTime=2 currentReplicas=3 desiredReplicas=4
    currentCPUUtilizationPercentage=5*
Scale: metadata=1 spec=2 status=3
ScaleSpec: replicas=1
ScaleStatus: replicas=1 selector=2
"""
