"""From a model class and its field numbers to a decoder of its protobuf message.

Types come from the model, numbers from `numbers/`, which mirror upstream's generated.proto files. Its notation, one
message a line (continued by indented lines):

    Name: field=1 pointer=2* +Embedded=3

- `field=1`: the JSON name and its number. Go writes such a scalar even when it is zero, and leaves it out of JSON then
  (omitempty): a zero is dropped here, unless the model says that the field is always sent;
- `pointer=2*`: a pointer in Go, whose zero is a value (`replicas: 0`);
- `+Embedded=3`: an embedded struct: a message of its own here, its fields the owner's in JSON (`VolumeSource`).

Unknown numbers are skipped, as Go does. Left out: encoding (answers are JSON, which these clients accept).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from pydantic.fields import FieldInfo

from minik8s.api.base import Format, Model
from minik8s.apiserver.wire import values
from minik8s.apiserver.wire.values import ABSENT, Malformed, Raw, Reader, as_message, read_fields

JsonObject = dict[str, Any]
Store = Callable[[JsonObject, Raw], None]
_SCALAR_FORMATS = frozenset(("byte", "double", "int32", "int64"))


class Decoder:
    """Decodes one kind of message into a dict; its fields' readers are made when it is first used."""

    def __init__(self, model: type[Model], message: str = "") -> None:
        self._model = model
        self._message = message or model.__name__
        self._stores: dict[int, Store] | None = None

    def read(self, raw: Raw) -> JsonObject:
        result: JsonObject = {}
        self.read_into(result, raw)
        return result

    def read_into(self, result: JsonObject, raw: Raw) -> None:
        stores = self._stores
        if stores is None:
            stores = self._stores = self._compile()
        for number, value in read_fields(as_message(raw)):
            store = stores.get(number)
            if store is not None:
                store(result, value)

    def _compile(self) -> dict[int, Store]:
        fields = {info.alias or name: info for name, info in self._model.model_fields.items()}
        stores: dict[int, Store] = {}
        for entry in _messages(_package(self._model)).get(self._message, "").split():
            name, _, number = entry.partition("=")
            if name[0] == "+":
                stores[int(number)] = decoder(self._model, name[1:]).read_into
            else:
                stores[int(number.rstrip("*"))] = _store(name, fields[name], number.endswith("*"))
        return stores


@cache
def decoder(model: type[Model], message: str = "") -> Decoder:
    """The decoder of a model's message, or of a message embedded in it."""
    model.model_rebuild()  # aliases are there only once the class is complete
    return Decoder(model, message)


def _package(model: type[Model]) -> str:
    """`minik8s.api.core.pod` → `core`; `minik8s.api.autoscaling.v2` → `autoscaling_v2`."""
    parts = model.__module__.split(".")[2:]
    return parts[0] if parts[0] == "core" else "_".join(parts)


@cache
def _messages(package: str) -> dict[str, str]:
    """The package's table, read: message → its entries."""
    table: str = import_module(f"minik8s.apiserver.wire.numbers.{package}").NUMBERS
    joined = table.replace("\n    ", " ")
    return {name: entries for name, _, entries in (line.partition(": ") for line in joined.strip().splitlines())}


def _store(name: str, info: FieldInfo, pointer: bool) -> Store:
    """What to do with one raw value of a field: set, append, or add to a map."""
    annotation = _bare(info.annotation)
    formats = [fact.name for fact in info.metadata if isinstance(fact, Format)]
    origin = get_origin(annotation)
    if origin is list and not formats:
        return _append(name, _reader(get_args(annotation)[0]))
    if origin is dict and not formats:
        return _add_entry(name, _reader(get_args(annotation)[1]))
    formats = formats or _formats(annotation)
    reader = values.BY_FORMAT[formats[0]] if formats else _reader(annotation)
    is_scalar = not formats or formats[0] in _SCALAR_FORMATS
    keep_zero = pointer or not is_scalar or not _omits_zero(info)
    return _set_value(name, reader) if keep_zero else _set_unless_zero(name, reader)


def _formats(annotation: Any) -> list[str]:
    return [fact.name for fact in getattr(annotation, "__metadata__", ()) if isinstance(fact, Format)]


def _omits_zero(info: FieldInfo) -> bool:
    """Whether Go's `omitempty` stands on the field: then the model lets it be None, or empty."""
    return info.default is None or info.exclude_if is not None


def _bare(annotation: Any) -> Any:
    """The type without `| None`."""
    arguments = [argument for argument in get_args(annotation) if argument is not NoneType]
    if NoneType in get_args(annotation) and len(arguments) == 1:
        return arguments[0]
    return annotation


def _reader(annotation: Any) -> Reader:
    """The reader of a type: a scalar, a special message, a list inside a map, or a model's message."""
    annotation = _bare(annotation)
    if get_origin(annotation) is Annotated:
        formats = _formats(annotation)
        return values.BY_FORMAT[formats[0]] if formats else _reader(get_args(annotation)[0])
    if get_origin(annotation) is list:
        return values.texts
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return decoder(annotation).read
    if annotation in values.BY_TYPE:
        return values.BY_TYPE[annotation]
    return _special(annotation)


def _special(annotation: Any) -> Reader:
    """apiextensions' unions: a schema or a bool, a schema or a list."""
    from minik8s.api.apiextensions import JSONSchemaProps

    schema = decoder(JSONSchemaProps).read
    others = [
        argument for argument in get_args(annotation) if argument is not JSONSchemaProps and argument is not NoneType
    ]
    if others == [bool]:

        def schema_or_bool(raw: Raw) -> Any:
            found = dict(read_fields(as_message(raw)))
            return schema(found[2]) if 2 in found else values.boolean(found.get(1, 0))

        return schema_or_bool
    read_item = values.text if others == [list[str]] else schema

    def schema_or_list(raw: Raw) -> Any:
        found = list(read_fields(as_message(raw)))
        schemas = [value for number, value in found if number == 1]
        return schema(schemas[0]) if schemas else [read_item(value) for number, value in found if number == 2]

    return schema_or_list


def _set_value(name: str, read: Reader) -> Store:
    def store(result: JsonObject, raw: Raw) -> None:
        value = read(raw)
        if value is not ABSENT:
            result[name] = value

    return store


def _set_unless_zero(name: str, read: Reader) -> Store:
    def store(result: JsonObject, raw: Raw) -> None:
        value = read(raw)
        if value is not ABSENT and value is not False and value != "" and value != 0:
            result[name] = value

    return store


def _append(name: str, read: Reader) -> Store:
    scalar = read is values.integer or read is values.boolean

    def store(result: JsonObject, raw: Raw) -> None:
        items = result.setdefault(name, [])
        if scalar and not isinstance(raw, int):
            items.extend(read(value) for value in _unpack(raw))
        else:
            value = read(raw)
            items.append(None if value is ABSENT else value)

    return store


def _unpack(raw: bytes | memoryview) -> list[int]:
    """A packed list of varints: some encoders write numbers so."""
    data, at, found = memoryview(raw), 0, []
    while at < len(data):
        value, at = values.read_varint(data, at)
        found.append(value)
    return found


def _add_entry(name: str, read: Reader) -> Store:
    """A map comes as repeated messages of key (1) and value (2); what is missing is empty."""

    def store(result: JsonObject, raw: Raw) -> None:
        entry = dict(read_fields(as_message(raw)))
        if isinstance(entry.get(2), int):
            raise Malformed(f"a map entry of {name} holds a number")
        value = read(entry.get(2, b""))
        result.setdefault(name, {})[values.text(entry.get(1, b""))] = None if value is ABSENT else value

    return store
