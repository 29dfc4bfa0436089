"""Protobuf field numbers, one module per API group, read when the group's first message comes."""
