"""Paths to what they mean."""

from __future__ import annotations

import pytest

from minik8s.apiserver.routes.early import known_path
from minik8s.apiserver.routes.paths import parse_path


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/v1/pods", ("", "v1", "pods", "", "", "", "list")),
        ("GET", "/api/v1/namespaces", ("", "v1", "namespaces", "", "", "", "list")),
        ("GET", "/api/v1/namespaces/a", ("", "v1", "namespaces", "a", "a", "", "get")),
        ("PUT", "/api/v1/namespaces/a/finalize", ("", "v1", "namespaces", "a", "a", "finalize", "update")),
        ("PATCH", "/api/v1/namespaces/a/status", ("", "v1", "namespaces", "a", "a", "status", "patch")),
        ("POST", "/api/v1/namespaces/a/pods", ("", "v1", "pods", "a", "", "", "create")),
        ("DELETE", "/api/v1/namespaces/a/pods", ("", "v1", "pods", "a", "", "", "deletecollection")),
        ("DELETE", "/api/v1/namespaces/a/pods/p", ("", "v1", "pods", "a", "p", "", "delete")),
        ("GET", "/api/v1/nodes/n/proxy/logs/x", ("", "v1", "nodes", "", "n", "proxy", "get")),
        (
            "GET",
            "/apis/apps/v1/namespaces/a/deployments/d/scale",
            ("apps", "v1", "deployments", "a", "d", "scale", "get"),
        ),
    ],
)
def test_resources(method: str, path: str, expected: tuple[str, ...]) -> None:
    info = parse_path(path, method)
    assert info is not None
    found = (info.group, info.version, info.resource, info.namespace, info.name, info.subresource, info.verb)
    assert found == expected


@pytest.mark.parametrize("path", ["/api", "/api/v1", "/api/v1/", "/apis", "/apis/apps", "/apis/apps/v1", "/metrics"])
def test_what_is_no_resource(path: str) -> None:
    assert parse_path(path, "GET") is None


def test_watch_prefix_and_rest() -> None:
    info = parse_path("/api/v1/watch/namespaces/a/pods/p", "GET")
    assert info is not None and info.watch_prefix and (info.resource, info.name) == ("pods", "p")
    info = parse_path("/api/v1/namespaces/a/services/s:80/proxy/some/page", "GET")
    assert info is not None and (info.name, info.rest) == ("s:80", "some/page")


def test_names_in_messages() -> None:
    info = parse_path("/apis/apps/v1/deployments", "GET")
    assert info is not None
    assert (info.group_resource, info.group_version) == ("deployments.apps", "apps/v1")


def test_metrics_do_not_grow_by_what_scanners_ask() -> None:
    assert known_path("/healthz/etcd") == "/healthz"
    assert known_path("/wp-admin.php") == ""
