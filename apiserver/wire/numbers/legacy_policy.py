"""Protobuf field numbers of policy/v1beta1: its spec and status are v1's."""

NUMBERS = """
PodDisruptionBudget: metadata=1 spec=2 status=3
"""
