"""The base of every API type: wire names, what is left out when empty, and the facts a field carries.

Mirrors what Go's struct tags say upstream (staging/src/k8s.io/api/**/types.go): `json:"podIP,omitempty"` is an alias
and a default here; `patchStrategy:"merge" patchMergeKey:"name"` is `MergeKey("name")`; `+listType=map` is
`ListMap("name")`.

The rules, the same in every file of `minik8s.api`:

- attributes are snake_case, names on the wire camelCase by `wire_name`; what it cannot spell has an explicit alias;
- `T | None = None` is a pointer, or a scalar with omitempty: absent when None;
- `[]` and `{}` are lists and maps with omitempty: absent when empty;
- `sent(zero)` is a field without omitempty: it may be left out on the way in and is always on the way out;
- no default at all: a constructor must name it (the server reports its absence in validation, not in decoding);
- a list without a marker is atomic for server-side apply, as in upstream's schema.

Unknown fields are kept (`extra="allow"`), so that a read-modify-write by an older component loses nothing.
`null` for a list, map or struct means its absence, as Go's decoder has it. Left out: protobuf (apiserver/wire).
"""

from dataclasses import dataclass
from operator import not_
from typing import Annotated, Any, ClassVar, Self

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationError

from minik8s.api.times import canonical_micro_time, canonical_time

_INITIALISMS = {
    "cidr": "CIDR", "cidrs": "CIDRs", "fqdn": "FQDN", "id": "ID", "ids": "IDs", "io": "IO", "ip": "IP", "ips": "IPs",
    "ipc": "IPC", "os": "OS", "pid": "PID", "uid": "UID", "uri": "URI", "url": "URL", "urls": "URLs", "uuid": "UUID",
    "ui": "UI", "uids": "UIDs", "wwns": "WWNs", "tls": "TLS", "crd": "CRD", "cpu": "CPU", "dns": "DNS",
}  # fmt: skip


def wire_name(attribute: str) -> str:
    """`pod_ip` → `podIP`, `continue_` → `continue`: lower camel case with Kubernetes' initialisms."""
    first, *rest = attribute.rstrip("_").split("_")
    return first + "".join(_INITIALISMS.get(word) or word[:1].upper() + word[1:] for word in rest)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a field's type cannot say; read from `FieldInfo.metadata` by patches, apply and OpenAPI."""


@dataclass(frozen=True, slots=True)
class MergeKey(Fact):
    """A list that strategic merge merges element by element: by `key`, or by value where the key is empty."""

    key: str = ""


@dataclass(frozen=True, slots=True)
class RetainKeys(Fact):
    """Strategic merge: the patch names (in `$retainKeys`) the only keys that stay."""


@dataclass(frozen=True, slots=True, init=False)
class ListMap(Fact):
    """Server-side apply: list elements are owned one by one, told apart by these keys."""

    keys: tuple[str, ...]

    def __init__(self, *keys: str) -> None:
        object.__setattr__(self, "keys", keys)


@dataclass(frozen=True, slots=True)
class ListSet(Fact):
    """Server-side apply: a list of distinct scalars, owned one by one."""


@dataclass(frozen=True, slots=True)
class Atomic(Fact):
    """Server-side apply: a map or struct that is owned whole."""


@dataclass(frozen=True, slots=True)
class Format(Fact):
    """The OpenAPI format (or Go type) behind a plain Python type."""

    name: str


Int32 = Annotated[int, Format("int32")]
Int64 = Annotated[int, Format("int64")]
Double = Annotated[float, Format("double")]
Base64 = Annotated[str, Format("byte")]  # bytes in Go, base64 text in JSON
# RFC 3339 in Go's form: a client may send "+00:00" for "Z", and must then not be told that it changes what is immutable
Time = Annotated[str, Format("date-time"), AfterValidator(canonical_time)]
MicroTime = Annotated[str, Format("micro-time"), AfterValidator(canonical_micro_time)]
QuantityStr = Annotated[str, Strict(False), Field(coerce_numbers_to_str=True), Format("quantity")]
IntOrString = Annotated[int | str, Format("int-or-string")]
RawExtension = Annotated[dict[str, Any], Format("raw-extension")]  # any object, carried as it came
JSONValue = Annotated[Any, Format("json")]  # any JSON value
FieldsV1 = Annotated[dict[str, Any], Format("fields-v1")]


def sent(zero: Any) -> Any:
    """The default of a field without omitempty: a zero value, or a class to be built empty; always on the wire."""
    if callable(zero):
        return Field(default_factory=zero)
    if isinstance(zero, list | dict):
        return Field(default_factory=type(zero))
    return Field(default_factory=lambda: zero)


def omitted(empty: Any, alias: str | None = None) -> Any:
    """The default of a field with omitempty that is never None: `[]`, `{}`, `""`. A plain default means the same."""
    factory = type(empty)  # pydantic would deep-copy a list each time it is the default
    return Field(default_factory=factory, exclude_if=not_, alias=alias)


class Model(BaseModel):
    """A Kubernetes API type."""

    model_config = ConfigDict(
        alias_generator=wire_name,
        defer_build=True,
        extra="allow",
        protected_namespaces=(),
        serialize_by_alias=True,
        strict=True,
        validate_by_alias=True,
        validate_by_name=True,
    )

    #: Server-side apply: an object of this type has one owner, whoever wrote it last.
    is_atomic: ClassVar[bool] = False

    def __init_subclass__(cls, *, atomic: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.is_atomic = atomic
        for name in vars(cls).get("__annotations__", ()):
            default = vars(cls).get(name)
            if isinstance(default, list | dict | str):
                setattr(cls, name, omitted(default))

    def to_dict(self) -> dict[str, Any]:
        """The wire form, as plain Python values."""
        return self.model_dump(by_alias=True, exclude_none=True)

    def to_json(self) -> bytes:
        """The wire form, as JSON text."""
        return orjson.dumps(self.to_dict())

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Decode; unknown fields are kept, `null` is absence. Raises pydantic's ValidationError."""
        try:
            return cls.model_validate(data, by_alias=True, by_name=False)
        except ValidationError as error:
            cleaned = without_nulls(data, error)
            if cleaned is None:
                raise
        return cls.model_validate(cleaned, by_alias=True, by_name=False)

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """Decode from JSON text, as `from_dict`."""
        try:
            return cls.model_validate_json(data, by_alias=True, by_name=False)
        except ValidationError:
            return cls.from_dict(orjson.loads(data))


def without_nulls(data: dict[str, Any], error: ValidationError) -> dict[str, Any] | None:
    """A copy of `data` without the nulls that `error` complains of; None when there are none of them."""
    paths = [e["loc"] for e in error.errors(include_url=False, include_context=False) if e["input"] is None]
    copy: dict[str, Any] | None = None
    for path in paths:
        copy = orjson.loads(orjson.dumps(data)) if copy is None else copy
        _drop(copy, path)
    return copy


def _drop(data: Any, path: tuple[int | str, ...]) -> None:
    for step in path[:-1]:
        if not isinstance(data, dict | list):
            return
        try:
            data = data[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return  # a union's tag in the path: not a step in the data
    if isinstance(data, dict):
        data.pop(path[-1], None)
    elif isinstance(data, list) and isinstance(path[-1], int) and data[path[-1]] is None:
        data[path[-1]] = {}  # a null element is an empty one in Go
