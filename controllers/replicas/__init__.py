"""ReplicaSet and ReplicationController: keep N pods of one template alive. One core, two kinds.

Mirrors upstream's pkg/controller/replicaset and pkg/controller/replication (which wraps the former by conversion).
"""
