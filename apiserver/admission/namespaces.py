"""NamespaceLifecycle: nothing is created where there is no namespace, or where one is going away.

Mirrors `apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go`. Upstream keeps a cache of recent deletions
against slow informers; ours asks the registry, whose reads are consistent.
"""

from __future__ import annotations

from minik8s.api.status import Forbidden, NotFound
from minik8s.apiserver.admission.base import CREATE, DELETE, UPDATE, AdmissionPlugin, Attributes
from minik8s.apiserver.admission.kinds import kind_of

#: Namespaces that may not be deleted.
IMMORTAL = frozenset({"default", "kube-system", "kube-public"})
#: May be created while the namespace is missing or going: they only ask.
_REVIEWS = frozenset({"localsubjectaccessreviews.authorization.k8s.io"})


class NamespaceLifecycle(AdmissionPlugin):
    operations = frozenset({CREATE, UPDATE, DELETE})
    subresources = frozenset({"*"})

    async def mutate(self, attrs: Attributes) -> None:
        """Refuses already here, as upstream does: no later plugin looks into a namespace that is not there."""
        if attrs.resource == "namespaces":
            if attrs.operation == DELETE and attrs.name in IMMORTAL and not attrs.subresource:
                raise Forbidden.of("namespaces", attrs.name, "this namespace may not be deleted")
            return
        if attrs.operation != CREATE or not attrs.namespace or attrs.resource in _REVIEWS:
            return
        namespace = await self.registry.get(kind_of("Namespace"), "", attrs.namespace)
        if namespace is None:
            raise NotFound.of("namespaces", attrs.namespace)
        if (namespace.get("status") or {}).get("phase") == "Terminating" or namespace["metadata"].get(
            "deletionTimestamp"
        ):
            raise terminating(attrs)


def terminating(attrs: Attributes) -> Forbidden:
    """403 with the cause that controllers look for."""
    text = f"unable to create new content in namespace {attrs.namespace} because it is being terminated"
    error = Forbidden.of(attrs.resource, attrs.name, text)
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {attrs.namespace} is being terminated",
        "field": "metadata.namespace",
    }
    error.details["causes"] = [cause]
    return error
