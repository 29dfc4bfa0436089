"""Versions of API groups that v1.33 has dropped, for components of older releases: served on request only.

`--runtime-config=policy/v1beta1=true,discovery.k8s.io/v1beta1=true,batch/v1beta1=true` makes the apiserver serve them,
so that upstream's 1.20 scheduler, controller manager and proxy run against it. Each is another view of objects that are
stored in the group's v1 (conversion: apiserver/registry/strategies/legacy.py).
"""

from dataclasses import replace

from minik8s.api.scheme import SCHEME, Kind, Scheme

#: (group, resource) → model of its v1beta1
_MODELS = {
    ("policy", "poddisruptionbudgets"): "minik8s.api.legacy.policy:PodDisruptionBudget",
    ("discovery.k8s.io", "endpointslices"): "minik8s.api.legacy.discovery:EndpointSlice",
    ("batch", "cronjobs"): "minik8s.api.legacy.batch:CronJob",
}


def _legacy(group: str, resource: str, model: str) -> Kind:
    current = SCHEME.by_resource(group, "v1", resource)
    assert current is not None
    subresources = tuple(replace(sub, version="v1beta1", model_path=model) for sub in current.subresource_table)
    return replace(
        current, version="v1beta1", stored_as=current.group_version, model_path=model, subresource_table=subresources
    )


LEGACY: Scheme = Scheme(_legacy(group, resource, model) for (group, resource), model in _MODELS.items())


def find_builtin(group: str, version: str, kind: str) -> Kind | None:
    """A kind of the scheme, or of the versions dropped from it."""
    return SCHEME.by_kind(group, version, kind) or LEGACY.by_kind(group, version, kind)
