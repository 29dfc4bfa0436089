"""Protobuf field numbers of discovery.k8s.io/v1beta1; the notation is explained in wire/schema.py.

Facts from upstream's api/discovery/v1beta1/generated.proto.
"""

NUMBERS = """
Endpoint: addresses=1 conditions=2 hostname=3* targetRef=4 topology=5 nodeName=6* hints=7
EndpointSlice: metadata=1 endpoints=2 ports=3 addressType=4
"""
