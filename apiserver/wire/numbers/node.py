"""Protobuf field numbers of node; notation: wire/schema.py. Facts from upstream's api/node/v1/generated.proto."""

NUMBERS = """
Overhead: podFixed=1
RuntimeClass: metadata=1 handler=2 overhead=3 scheduling=4
Scheduling: nodeSelector=1 tolerations=2
"""
