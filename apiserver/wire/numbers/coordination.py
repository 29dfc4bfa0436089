"""Protobuf field numbers of coordination; the notation is explained in wire/schema.py.

Facts from upstream's api/coordination/v1/generated.proto.
"""

NUMBERS = """
Lease: metadata=1 spec=2
LeaseSpec: holderIdentity=1* leaseDurationSeconds=2* acquireTime=3 renewTime=4 leaseTransitions=5* strategy=6*
    preferredHolder=7*
"""
