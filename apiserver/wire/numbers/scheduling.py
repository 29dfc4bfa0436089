"""Protobuf field numbers of scheduling; the notation is explained in wire/schema.py.

Facts from upstream's api/scheduling/v1/generated.proto.
"""

NUMBERS = """
PriorityClass: metadata=1 value=2 globalDefault=3 description=4 preemptionPolicy=5*
"""
