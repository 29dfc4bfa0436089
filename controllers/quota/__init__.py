"""ResourceQuota: keep status.used true.

Mirrors upstream's pkg/controller/resourcequota and the evaluators of pkg/quota/v1/evaluator/core. Admission (in the API
server) adds to `used` when something is created; this controller counts anew, and so gives back what was deleted.
"""
