"""Protobuf field numbers of batch/v1beta1: its spec and status are v1's."""

NUMBERS = """
CronJob: metadata=1 spec=2 status=3
"""
