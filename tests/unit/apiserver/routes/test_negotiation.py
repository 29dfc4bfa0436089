"""Accept headers to forms."""

from __future__ import annotations

import pytest

from minik8s.api.status import NotAcceptable
from minik8s.apiserver.routes.documents import aggregated_version
from minik8s.apiserver.routes.negotiation import PLAIN, Form, negotiate


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (b"", PLAIN),
        (b"application/json", PLAIN),
        (b"text/html, */*;q=0.1", PLAIN),
        (b"application/vnd.kubernetes.protobuf,application/json", PLAIN),
        (b"application/yaml", Form(yaml=True)),
        (b"application/json;as=Table;v=v1;g=meta.k8s.io,application/json", Form("Table")),
        (b"application/json;as=Table;v=v9;g=meta.k8s.io,application/json", PLAIN),
        (b"application/json;as=Table;v=v1beta1;g=meta.k8s.io", Form("Table", "v1beta1")),
        (b"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", Form("PartialObjectMetadata")),
        (b"application/json;q=0.5, application/yaml", Form(yaml=True)),
    ],
)
def test_negotiate(accept: bytes, form: Form) -> None:
    assert negotiate(accept) == form


@pytest.mark.parametrize("accept", [b"text/html", b"application/vnd.kubernetes.protobuf", b"application/json;as=Table"])
def test_nothing_that_we_have(accept: bytes) -> None:
    with pytest.raises(NotAcceptable, match="only the following media types are accepted: application/json"):
        negotiate(accept)


def test_aggregated_discovery() -> None:
    clause = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"
    both = f"{clause.format('v2')},{clause.format('v2beta1')},application/json"
    assert aggregated_version(both) == "v2"
    assert aggregated_version(f"{clause.format('v2beta1')},application/json") == "v2beta1"
    assert aggregated_version(f"application/json,{clause.format('v2')}") == ""
    assert aggregated_version("*/*") == ""
