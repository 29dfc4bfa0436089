"""Defaults of pods and of everything that embeds a pod spec (`pkg/apis/core/v1/defaults.go`).

Two layers, as upstream: `default_pod_spec` for templates as well, `default_pod` only for pods (limits → requests,
enableServiceLinks, host ports), so that a template's hash does not change when these rules do.
"""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.defaulting.quantities import canonicalise, canonicalise_field
from minik8s.apiserver.defaulting.volumes import default_volume

Json = dict[str, Any]


def default_pod(pod: Json) -> None:
    """SetObjectDefaults_Pod."""
    spec = pod.setdefault("spec", {})
    default_pod_spec(spec)
    for group in ("containers", "initContainers"):
        for container in spec.get(group) or ():
            _limits_become_requests(container["resources"])
    if spec.get("enableServiceLinks") is None:
        spec["enableServiceLinks"] = True
    if spec.get("hostNetwork"):
        _default_host_ports(spec)


def default_pod_spec(spec: Json) -> None:
    """SetDefaults_PodSpec and those of what it holds."""
    if not spec.get("dnsPolicy"):
        spec["dnsPolicy"] = "ClusterFirst"
    if not spec.get("restartPolicy"):
        spec["restartPolicy"] = "Always"
    if spec.get("securityContext") is None:
        spec["securityContext"] = {}
    if spec.get("terminationGracePeriodSeconds") is None:
        spec["terminationGracePeriodSeconds"] = 30
    if not spec.get("schedulerName"):
        spec["schedulerName"] = "default-scheduler"
    _mirror_service_account(spec)
    for group in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(group) or ():
            default_container(container)
    for volume in spec.get("volumes") or ():
        default_volume(volume)
    if "overhead" in spec:
        canonicalise(spec["overhead"])
    if "resources" in spec:
        default_resources(spec["resources"] or {})


def default_template(template: Json) -> None:
    """A pod template: its metadata and spec are always written out."""
    template.setdefault("metadata", {})
    default_pod_spec(template.setdefault("spec", {}))


def default_container(container: Json) -> None:
    """SetDefaults_Container, for all three sorts of containers."""
    if not container.get("imagePullPolicy"):
        container["imagePullPolicy"] = (
            "Always" if image_tag(container.get("image") or "") == "latest" else "IfNotPresent"
        )
    if not container.get("terminationMessagePath"):
        container["terminationMessagePath"] = "/dev/termination-log"
    if not container.get("terminationMessagePolicy"):
        container["terminationMessagePolicy"] = "File"
    default_resources(container.setdefault("resources", {}))
    for port in container.get("ports") or ():
        if not port.get("protocol"):
            port["protocol"] = "TCP"
    for variable in container.get("env") or ():
        source = variable.get("valueFrom")
        if source:
            _default_env_source(source)
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(name) is not None:
            _default_probe(container[name])
    if container.get("lifecycle"):
        for hook in container["lifecycle"].values():
            if isinstance(hook, dict) and hook.get("httpGet"):
                _default_http_get(hook["httpGet"])


def default_resources(resources: Json) -> None:
    """Canonical quantities of requests and limits."""
    if resources:
        canonicalise(resources.get("limits"))
        canonicalise(resources.get("requests"))


def image_tag(image: str) -> str:
    """The tag of an image reference: "latest" where neither tag nor digest is given, "" for a bare digest."""
    name, at, _ = image.partition("@")
    _, colon, tag = name.rpartition("/")[2].partition(":")
    if colon:
        return tag
    return "" if at else "latest"


def _limits_become_requests(resources: Json) -> None:
    limits = resources.get("limits")
    if limits:
        requests = resources.get("requests")
        resources["requests"] = dict(limits) if not requests else {**requests, **_missing(limits, requests)}


def _missing(limits: Json, requests: Json) -> Json:
    return {name: value for name, value in limits.items() if name not in requests}


def _default_host_ports(spec: Json) -> None:
    for group in ("containers", "initContainers"):
        for container in spec.get(group) or ():
            for port in container.get("ports") or ():
                if not port.get("hostPort") and port.get("containerPort"):
                    port["hostPort"] = port["containerPort"]


def _mirror_service_account(spec: Json) -> None:
    """`serviceAccount` is the deprecated alias of `serviceAccountName`; upstream's conversion keeps both."""
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if name:
        spec["serviceAccountName"] = spec["serviceAccount"] = name


def _default_env_source(source: Json) -> None:
    field = source.get("fieldRef")
    if field is not None and not field.get("apiVersion"):
        field["apiVersion"] = "v1"
    resource = source.get("resourceFieldRef")
    if resource is not None:
        resource.setdefault("divisor", "0")
        canonicalise_field(resource, "divisor")


def _default_probe(probe: Json) -> None:
    for name, value in (("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)):
        if not probe.get(name):
            probe[name] = value
    if probe.get("httpGet"):
        _default_http_get(probe["httpGet"])
    if probe.get("grpc") and probe["grpc"].get("service") is None:
        probe["grpc"]["service"] = ""


def _default_http_get(action: Json) -> None:
    if not action.get("path"):
        action["path"] = "/"
    if not action.get("scheme"):
        action["scheme"] = "HTTP"
