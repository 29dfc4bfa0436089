"""Definitions: the schema of each model class, under the name upstream gives it (`io.k8s.api.core.v1.Pod`).

Mirrors kube-openapi's builder and the x-kubernetes extensions of zz_generated.openapi.go. The two versions differ in
where definitions lie and in how a reference carries a description: v2 beside `$ref`, v3 around it with `allOf`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from minik8s.api.base import Atomic, Fact, Format, ListMap, ListSet, MergeKey, Model, RetainKeys
from minik8s.api.scheme import Kind
from minik8s.apiserver.openapi.custom import publish
from minik8s.apiserver.openapi.descriptions import describe, describe_field

Schema = dict[str, Any]

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_APIEXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"
_PACKAGES = {
    "meta": _META,
    "apiextensions": _APIEXTENSIONS,
    "apiregistration": "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1",
    "autoscaling.v1": "io.k8s.api.autoscaling.v1",
    "autoscaling.v2": "io.k8s.api.autoscaling.v2",
    "legacy.batch": "io.k8s.api.batch.v1beta1",
    "legacy.discovery": "io.k8s.api.discovery.v1beta1",
    "legacy.policy": "io.k8s.api.policy.v1beta1",
}
#: Fields that are a definition of their own, without being a model class.
_NAMED_FORMATS = {
    "date-time": f"{_META}.Time",
    "micro-time": f"{_META}.MicroTime",
    "fields-v1": f"{_META}.FieldsV1",
    "quantity": "io.k8s.apimachinery.pkg.api.resource.Quantity",
    "int-or-string": "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    "raw-extension": "io.k8s.apimachinery.pkg.runtime.RawExtension",
    "json": f"{_APIEXTENSIONS}.JSON",
}
_PLAIN_FORMATS = {
    "byte": {"type": "string", "format": "byte"},
    "double": {"type": "number", "format": "double"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
}
_TYPES = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer", "format": "int64"},
    float: {"type": "number", "format": "double"},
    Any: {},
}
#: Struct fields that Go always writes without the schema calling them required.
_NEVER_REQUIRED = frozenset(("api_version", "kind", "metadata", "spec", "status"))
#: Kinds whose spec the schema insists on; the others' is optional there, though most do nothing without one.
_REQUIRED_SPEC = frozenset(
    (
        "CSIDriver", "CSINode", "CertificateSigningRequest", "CustomResourceDefinition",
        "LocalSubjectAccessReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview",
        "TokenRequest", "TokenReview", "VolumeAttachment",
    )
)  # fmt: skip

_REQUIRED_ANYWAY = frozenset(("io.k8s.api.core.v1.Event.metadata", "io.k8s.api.core.v1.ModifyVolumeStatus.status"))


def package_of(model: type[Model]) -> str:
    """`minik8s.api.core.pod` → `io.k8s.api.core.v1`."""
    module = model.__module__.removeprefix("minik8s.api.")
    group = module.split(".")[0]
    return _PACKAGES.get(module) or _PACKAGES.get(group) or f"io.k8s.api.{group}.v1"


def name_of(model: type[Model]) -> str:
    return f"{package_of(model)}.{model.__name__}"


def custom_name(kind: Kind, suffix: str = "") -> str:
    """A custom resource's definition: `com.example.stable.v1.CronTab`."""
    return ".".join([*reversed(kind.group.split(".")), kind.version, kind.kind + suffix])


def kind_name(kind: Kind, suffix: str = "") -> str:
    """The definition of a kind, or with "List" of its list."""
    model = kind.model
    return custom_name(kind, suffix) if model is None else name_of(model) + suffix


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between v2 and v3."""

    prefix: str
    wraps_references: bool

    def reference(self, name: str, description: str = "") -> Schema:
        target = {"$ref": self.prefix + name}
        if not description:
            return target
        if self.wraps_references:
            return {"description": description, "allOf": [target], "default": {}}
        return {"description": description, **target}


V2 = Dialect("#/definitions/", False)
V3 = Dialect("#/components/schemas/", True)


class Definitions:
    """Collects the definitions that some kinds need, each with all it refers to."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.schemas: dict[str, Schema] = {}

    def add_kind(self, kind: Kind) -> None:
        """A built-in kind and its list."""
        model = kind.model
        if model is None:
            raise ValueError(f"{kind.kind} has no model: add_custom")
        self.add_model(model, [kind])
        if "list" in kind.verbs:
            self.add_list(kind, describe(model))

    def add_list(self, kind: Kind, about: str) -> None:
        name = kind_name(kind, "List")
        items = self.dialect.reference(kind_name(kind))
        self.schemas[name] = {
            "description": f"A list of {kind.kind} objects. {about}".strip(),
            "type": "object",
            "required": ["items"],
            "properties": {
                **_type_meta(),
                "items": {"description": "The objects.", "type": "array", "items": items},
                "metadata": self.dialect.reference(f"{_META}.ListMeta", "The list's version, and where it continues."),
            },
            "x-kubernetes-group-version-kind": gvk(kind.group, kind.version, kind.list_kind),
        }
        from minik8s.api.meta import ListMeta

        self.add_model(ListMeta)

    def add_custom(self, kind: Kind, schema: Schema) -> None:
        """A custom kind with the schema its definition gives."""

        def resource_properties() -> Schema:
            metadata = self.dialect.reference(f"{_META}.ObjectMeta", "Standard object's metadata.")
            return {**_type_meta(), "metadata": metadata}

        self.schemas[kind_name(kind)] = {
            **publish(schema, not self.dialect.wraps_references, resource_properties),
            "x-kubernetes-group-version-kind": gvk(kind.group, kind.version, kind.kind),
        }
        from minik8s.api.meta import ObjectMeta

        self.add_model(ObjectMeta)
        self.add_list(kind, "")

    def add_model(self, model: type[Model], kinds: Iterable[Kind] = ()) -> str:
        """The model's definition and those below it; its name."""
        name = name_of(model)
        if name in self.schemas:
            return name
        model.model_rebuild()
        schema: Schema = {"description": describe(model), "type": "object"}
        self.schemas[name] = schema  # before its fields: a schema may contain itself
        fields = {info.alias or attribute: (attribute, info) for attribute, info in model.model_fields.items()}
        required = sorted(wire for wire, (attribute, info) in fields.items() if is_required(model, attribute, info))
        if required:
            schema["required"] = required
        if fields:
            schema["properties"] = {wire: self._property(model, *fields[wire]) for wire in sorted(fields)}
        if model.is_atomic:
            schema["x-kubernetes-map-type"] = "atomic"
        kinds = list(kinds)
        if kinds:
            schema["x-kubernetes-group-version-kind"] = [gvk(k.group, k.version, k.kind)[0] for k in kinds]
        return name

    def _property(self, model: type[Model], attribute: str, info: FieldInfo) -> Schema:
        facts = [fact for fact in info.metadata if isinstance(fact, Fact)]
        schema = self._type(info.annotation, facts)
        description = describe_field(model, attribute)
        if "$ref" in schema:
            schema = self.dialect.reference(schema["$ref"].removeprefix(self.dialect.prefix), description)
        elif description:
            schema = {"description": description, **schema}
        schema.update(_extensions(facts, schema))
        return schema

    def _type(self, annotation: Any, facts: Iterable[Any] = ()) -> Schema:
        """The schema of a type; a model's is a reference, and is added."""
        formats = [fact.name for fact in facts if isinstance(fact, Format)]
        if formats:
            return self._format(formats[0])
        if get_origin(annotation) is Annotated:
            base, *metadata = get_args(annotation)
            return self._type(base, metadata)
        arguments = [argument for argument in get_args(annotation) if argument is not NoneType]
        if get_origin(annotation) is list:
            return {"type": "array", "items": self._type(arguments[0])}
        if get_origin(annotation) is dict:
            return {"type": "object", "additionalProperties": self._type(arguments[1])}
        if len(arguments) > 1:
            return self._union(arguments)
        if arguments:
            return self._type(arguments[0])
        if isinstance(annotation, type) and issubclass(annotation, Model):
            return self.dialect.reference(self.add_model(annotation))
        return dict(_TYPES[annotation])

    def _format(self, name: str) -> Schema:
        if name in _PLAIN_FORMATS:
            return dict(_PLAIN_FORMATS[name])
        definition = _NAMED_FORMATS[name]
        self.schemas.setdefault(definition, _named_format(name, self.dialect.wraps_references))
        return self.dialect.reference(definition)

    def _union(self, arguments: list[Any]) -> Schema:
        """apiextensions' schema-or-something: anything, as upstream has it."""
        other = {bool: "Bool", list[str]: "StringArray"}.get(arguments[-1], "Array")
        name = f"{_APIEXTENSIONS}.JSONSchemaPropsOr{other}"
        self.schemas.setdefault(name, {"description": "A schema, or the other form that JSON Schema allows here."})
        return self.dialect.reference(name)


def is_required(model: type[Model], attribute: str, info: FieldInfo) -> bool:
    """Whether the schema calls the field required: where Go has no omitempty, but for the parts of a root object."""
    if attribute == "spec" and "api_version" in model.model_fields:
        return model.__name__ in _REQUIRED_SPEC
    if info.default_factory is not None and info.exclude_if is None:  # base.sent
        return attribute not in _NEVER_REQUIRED or name_of(model) + f".{attribute}" in _REQUIRED_ANYWAY
    return info.default is PydanticUndefined and info.default_factory is None


def gvk(group: str, version: str, kind: str) -> list[dict[str, str]]:
    return [{"group": group, "kind": kind, "version": version}]


def _type_meta() -> Schema:
    return {
        "apiVersion": {
            "description": "APIVersion defines the group and version of the object's form.",
            "type": "string",
        },
        "kind": {"description": "Kind is the name of the object's kind, in CamelCase.", "type": "string"},
    }


def _named_format(name: str, v3: bool) -> Schema:
    if name == "quantity":
        about = "An exact number with a suffix: 250m, 1.5, 2Gi."
        return {
            "description": about,
            **({"oneOf": [{"type": "string"}, {"type": "number"}]} if v3 else {"type": "string"}),
        }
    if name == "int-or-string":
        both = {"description": "A number, or a text such as a percentage or a port's name.", "format": name}
        return {**both, **({"oneOf": [{"type": "integer"}, {"type": "string"}]} if v3 else {"type": "string"})}
    if name in ("date-time", "micro-time"):
        return {"description": "A time in RFC 3339, UTC.", "type": "string", "format": "date-time"}
    if name == "json":
        return {"description": "Any JSON value."}
    return {"description": "Any object, kept as it came.", "type": "object"}


def _extensions(facts: list[Fact], schema: Schema) -> Iterator[tuple[str, Any]]:
    """The x-kubernetes extensions of a field."""
    list_type = "atomic" if schema.get("type") == "array" else ""
    strategies: list[str] = []
    for fact in facts:
        match fact:
            case MergeKey(key):
                strategies.insert(0, "merge")
                if key:
                    yield "x-kubernetes-patch-merge-key", key
            case RetainKeys():
                strategies.append("retainKeys")
            case ListMap(keys):
                list_type = "map"
                yield "x-kubernetes-list-map-keys", list(keys)
            case ListSet():
                list_type = "set"
            case Atomic():
                yield "x-kubernetes-map-type", "atomic"
    if strategies:
        yield "x-kubernetes-patch-strategy", ",".join(strategies)
        if list_type == "atomic":
            return
    if list_type:
        yield "x-kubernetes-list-type", list_type
