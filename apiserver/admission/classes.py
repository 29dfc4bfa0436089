"""Default classes of storage and ingress, and what a RuntimeClass adds to a pod.

Mirrors `plugin/pkg/admission/storage/storageclass/setdefault`, `network/defaultingressclass` and `runtimeclass`.
"""

from __future__ import annotations

from typing import Any

from minik8s.api.status import Forbidden
from minik8s.apiserver.admission.base import CREATE, AdmissionPlugin, Attributes
from minik8s.apiserver.admission.kinds import kind_of

Json = dict[str, Any]

_STORAGE_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
_STORAGE_NAMED = "volume.beta.kubernetes.io/storage-class"
_INGRESS_DEFAULT = "ingressclass.kubernetes.io/is-default-class"
_INGRESS_NAMED = "kubernetes.io/ingress.class"


def _annotations(obj: Json) -> Json:
    return (obj.get("metadata") or {}).get("annotations") or {}


class DefaultStorageClass(AdmissionPlugin):
    resources = frozenset({"persistentvolumeclaims"})
    operations = frozenset({CREATE})

    async def mutate(self, attrs: Attributes) -> None:
        if attrs.obj is None or attrs.spec.get("storageClassName") is not None:
            return
        if _STORAGE_NAMED in _annotations(attrs.obj):
            return
        classes = await self.registry.list(kind_of("StorageClass", "storage.k8s.io"))
        defaults = [one for one in classes if any(_annotations(one).get(key) == "true" for key in _STORAGE_DEFAULT)]
        if defaults:
            # The newest wins, then the name: a new default can be put beside the old one.
            defaults.sort(key=lambda one: one["metadata"]["name"])
            defaults.sort(key=lambda one: one["metadata"].get("creationTimestamp", ""), reverse=True)
            attrs.spec["storageClassName"] = defaults[0]["metadata"]["name"]


class DefaultIngressClass(AdmissionPlugin):
    resources = frozenset({"ingresses.networking.k8s.io"})
    operations = frozenset({CREATE})

    async def mutate(self, attrs: Attributes) -> None:
        if attrs.obj is None or attrs.spec.get("ingressClassName") is not None:
            return
        if _INGRESS_NAMED in _annotations(attrs.obj):
            return
        classes = await self.registry.list(kind_of("IngressClass", "networking.k8s.io"))
        defaults = [one for one in classes if _annotations(one).get(_INGRESS_DEFAULT) == "true"]
        if defaults:
            defaults.sort(key=lambda one: one["metadata"]["name"])
            defaults.sort(key=lambda one: one["metadata"].get("creationTimestamp", ""), reverse=True)
            attrs.spec["ingressClassName"] = defaults[0]["metadata"]["name"]


class RuntimeClass(AdmissionPlugin):
    resources = frozenset({"pods"})
    operations = frozenset({CREATE})

    async def mutate(self, attrs: Attributes) -> None:
        if attrs.obj is None or not attrs.spec.get("runtimeClassName"):
            return
        runtime_class = await self._find(attrs)
        overhead = (runtime_class.get("overhead") or {}).get("podFixed")
        if overhead:
            if attrs.spec.get("overhead") and attrs.spec["overhead"] != overhead:
                text = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
                raise Forbidden.of("pods", attrs.name, text)
            attrs.spec["overhead"] = dict(overhead)
        scheduling = runtime_class.get("scheduling") or {}
        self._merge_selector(attrs, scheduling.get("nodeSelector") or {})
        for toleration in scheduling.get("tolerations") or ():
            if toleration not in (attrs.spec.get("tolerations") or []):
                attrs.spec.setdefault("tolerations", []).append(dict(toleration))

    def _merge_selector(self, attrs: Attributes, wanted: Json) -> None:
        if not wanted:
            return
        selector = attrs.spec.get("nodeSelector") or {}
        for key, value in wanted.items():
            if selector.get(key, value) != value:
                text = (
                    f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; "
                    f"pod.spec.nodeSelector[{key}] = {selector[key]}"
                )
                raise Forbidden.of("pods", attrs.name, text)
        attrs.spec["nodeSelector"] = {**selector, **wanted}

    async def _find(self, attrs: Attributes) -> Json:
        name = attrs.spec["runtimeClassName"]
        found = await self.registry.get(kind_of("RuntimeClass", "node.k8s.io"), "", name)
        if found is None:
            raise Forbidden.of("pods", attrs.name, f'pod rejected: RuntimeClass "{name}" not found')
        return found

    async def validate(self, attrs: Attributes) -> None:
        """Overhead is the class's word: a pod without a class has none."""
        if attrs.obj is not None and attrs.spec.get("overhead") and not attrs.spec.get("runtimeClassName"):
            text = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
            raise Forbidden.of("pods", attrs.name, text)
