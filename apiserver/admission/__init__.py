"""Admission: what is added to and checked on a write after authorization, before storage.

Mirrors upstream's `staging/src/k8s.io/apiserver/pkg/admission` and the default plugins of
`pkg/kubeapiserver/options/plugins.go`, in their order. Webhooks are no part of it yet.

The generic registry builds one `Attributes` per write and awaits `chain.mutate(attrs)` before the last defaulting and
validation, then `chain.validate(attrs)` before the store. Both raise an `ApiError` to refuse. DELETE runs both with
`obj` None and `old` the stored object; CONNECT (exec, attach, portforward, proxy) likewise; a deletecollection runs
them once without name and then once per object.
"""

from minik8s.apiserver.admission.base import AdmissionPlugin, Attributes
from minik8s.apiserver.admission.chain import AdmissionChain, default_chain

__all__ = ["AdmissionChain", "AdmissionPlugin", "Attributes", "default_chain"]
