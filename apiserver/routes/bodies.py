"""Request bodies: JSON, YAML or protobuf in, canonical JSON out.

Mirrors the content types of apimachinery's serializers. A body without Content-Type is JSON, as upstream has it.
"""

from __future__ import annotations

from typing import Any

import orjson

from minik8s.api.status import BadRequest, UnsupportedMediaType
from minik8s.apiserver.routes.http import Request
from minik8s.apiserver.routes.negotiation import ACCEPTED

PROTOBUF = "application/vnd.kubernetes.protobuf"
YAML = frozenset({"application/yaml", "application/x-yaml", "text/yaml"})
JSON_TYPES = frozenset({"", "application/json", "*/*"})


async def read_json(request: Request) -> bytes:
    """The body as JSON text. Malformed JSON is left to the decoder, which knows what was expected."""
    content_type = request.content_type
    body = await request.body()
    if content_type in JSON_TYPES:
        return body
    if content_type == PROTOBUF:
        return from_protobuf(body)
    if content_type in YAML:
        return orjson.dumps(parse_yaml(body))
    raise UnsupportedMediaType.of(ACCEPTED)


def from_protobuf(body: bytes) -> bytes:
    """Kubernetes' protobuf envelope to JSON. Raises BadRequest."""
    from minik8s.apiserver.wire import protobuf

    return orjson.dumps(protobuf.decode(body))


def parse_yaml(body: bytes) -> Any:
    """YAML 1.1 as Kubernetes reads it: no timestamps, only what JSON can say."""
    import yaml

    try:
        return yaml.load(body, Loader=_json_loader())
    except yaml.YAMLError as error:
        raise BadRequest(f"error converting YAML to JSON: {error}") from None


def _json_loader() -> Any:
    """The safe loader without the timestamp type: dates stay text."""
    import yaml

    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {
        first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:timestamp"]
        for first, pairs in base.yaml_implicit_resolvers.items()
    }
    return type("JSONLoader", (base,), {"yaml_implicit_resolvers": resolvers})


async def read_options(request: Request) -> dict[str, Any]:
    """DeleteOptions: from the body where there is one, else from the query."""
    body = await read_json(request)
    if body.strip():
        try:
            options = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise BadRequest("the body could not be decoded as DeleteOptions") from None
        if not isinstance(options, dict):
            raise BadRequest("the body is no DeleteOptions")
        if options.get("kind") not in (None, "", "DeleteOptions"):
            raise BadRequest(f"decoded object cannot be converted to DeleteOptions: {options['kind']}")
        if options:
            return {key: value for key, value in options.items() if value is not None}
    return _options_from_query(request)


def _options_from_query(request: Request) -> dict[str, Any]:
    query = request.query
    options: dict[str, Any] = {}
    if "gracePeriodSeconds" in query:
        try:
            options["gracePeriodSeconds"] = int(query["gracePeriodSeconds"])
        except ValueError:
            raise BadRequest(f'strconv.ParseInt: parsing "{query["gracePeriodSeconds"]}": invalid syntax') from None
    if query.get("propagationPolicy"):
        options["propagationPolicy"] = query["propagationPolicy"]
    if "orphanDependents" in query:
        options["orphanDependents"] = request.flag("orphanDependents")
    if "dryRun" in query:
        options["dryRun"] = request.query_list("dryRun")
    return options
