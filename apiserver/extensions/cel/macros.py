"""Macros over lists and maps: all, exists, exists_one, map, filter, and their forms with two variables.

Mirrors cel-go's parser/macro.go and ext/comprehensions.go. Over a map, the one variable is the key; of two variables
the first is the index or key, the second the element.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from minik8s.apiserver.extensions.cel import operators
from minik8s.apiserver.extensions.cel.fields import element_type
from minik8s.apiserver.extensions.cel.values import ABSENT, CelError, Optional, converter

if TYPE_CHECKING:
    from minik8s.apiserver.extensions.cel.compiler import Compiler, Node, Scope


class Macro(NamedTuple):
    """How many arguments it takes, and what it becomes."""

    arities: tuple[int, ...]
    build: Callable[[Compiler, Node, list[Any], Any], Node]


class _Loop:
    """The variables of a comprehension, and the scopes of its steps."""

    def __init__(self, compiler: Compiler, target: Node, names: list[str]) -> None:
        self._target, self._names = target, names
        element = element_type(target.type)
        is_map = isinstance(target.type, dict) and target.type.get("type") == "object"
        self._convert = converter(element)
        value_type: Any = "string" if is_map and len(names) == 1 else element
        key_type: Any = "string" if is_map else None
        self.types = {names[0]: key_type, names[1]: element} if len(names) == 2 else {names[0]: value_type}

    def steps(self, scope: Scope) -> Iterator[tuple[Any, Any, Scope]]:
        """(key or index, element, scope) of each step."""
        from minik8s.apiserver.extensions.cel.compiler import Scope

        collection = self._target.run(scope)
        if isinstance(collection, dict):
            pairs: Any = collection.items()
        elif isinstance(collection, list):
            pairs = enumerate(collection)
        else:
            raise CelError(operators.NO_OVERLOAD)
        values, convert = dict(scope.values), self._convert
        inner = Scope(values, scope.budget)
        for key, element in pairs:
            scope.budget.spend(2)
            shown = convert(element) if convert is not None else element
            if len(self._names) == 2:
                values[self._names[0]], values[self._names[1]] = key, shown
            else:
                values[self._names[0]] = key if isinstance(collection, dict) else shown
            yield key, shown, inner


def _loop(compiler: Compiler, target: Node, arguments: list[Any], count: int, token: Any) -> _Loop:
    names = [compiler.name_of(argument) for argument in arguments[:count]]
    if not all(names):
        raise CelError("argument must be a simple name")
    return _Loop(compiler, target, names)


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise CelError(operators.NO_OVERLOAD)


def _quantifier(decisive: bool) -> Callable[[Compiler, Node, list[Any], Any], Node]:
    """exists (decisive: true) and all (false)."""

    def build(compiler: Compiler, target: Node, arguments: list[Any], token: Any) -> Node:
        from minik8s.apiserver.extensions.cel.compiler import Node

        loop = _loop(compiler, target, arguments, len(arguments) - 1, token)
        body = compiler.with_variables(loop.types, arguments[-1]).run

        def run(scope: Scope) -> bool:
            failure: CelError | None = None
            for _, _, inner in loop.steps(scope):
                try:
                    if _truth(body(inner)) is decisive:
                        return decisive
                except CelError as error:
                    scope.budget.spend()
                    failure = error
            if failure is not None:
                raise failure
            return not decisive

        return Node(run, "bool")

    return build


def _exists_one(compiler: Compiler, target: Node, arguments: list[Any], token: Any) -> Node:
    from minik8s.apiserver.extensions.cel.compiler import Node

    loop = _loop(compiler, target, arguments, len(arguments) - 1, token)
    body = compiler.with_variables(loop.types, arguments[-1]).run
    return Node(lambda scope: sum(_truth(body(inner)) for _, _, inner in loop.steps(scope)) == 1, "bool")


def _filter(compiler: Compiler, target: Node, arguments: list[Any], token: Any) -> Node:
    from minik8s.apiserver.extensions.cel.compiler import Node

    loop = _loop(compiler, target, arguments, 1, token)
    body = compiler.with_variables(loop.types, arguments[-1]).run
    name = compiler.name_of(arguments[0])

    def run(scope: Scope) -> list[Any]:
        return [inner.values[name] for _, _, inner in loop.steps(scope) if _truth(body(inner))]

    return Node(run, _list_of(target))


def _list_of(target: Node) -> Any:
    """Filtering a list keeps its type; filtering a map gives a list of keys."""
    return target.type if isinstance(target.type, dict) and target.type.get("type") == "array" else "list"


def _transform(variables: int, as_map: bool) -> Callable[[Compiler, Node, list[Any], Any], Node]:
    """map (1 variable), transformList and transformMap (2), with an optional filter before the last argument."""

    def build(compiler: Compiler, target: Node, arguments: list[Any], token: Any) -> Node:
        from minik8s.apiserver.extensions.cel.compiler import Node

        loop = _loop(compiler, target, arguments, variables, token)
        kept = [compiler.with_variables(loop.types, one).run for one in arguments[variables:-1]]
        body = compiler.with_variables(loop.types, arguments[-1]).run

        def run(scope: Scope) -> Any:
            found = [
                (key, body(inner)) for key, _, inner in loop.steps(scope) if all(_truth(test(inner)) for test in kept)
            ]
            return dict(found) if as_map else [value for _, value in found]

        return Node(run, "map" if as_map else "list")

    return build


def _opt_map(flat: bool) -> Callable[[Compiler, Node, list[Any], Any], Node]:
    """optMap and optFlatMap: the expression over the value, where there is one."""

    def build(compiler: Compiler, target: Node, arguments: list[Any], token: Any) -> Node:
        from minik8s.apiserver.extensions.cel.compiler import Node, Scope

        name = compiler.name_of(arguments[0])
        body = compiler.with_variables({name: None}, arguments[1]).run

        def run(scope: Scope) -> Any:
            found = target.run(scope)
            if not isinstance(found, Optional):
                raise CelError(operators.NO_OVERLOAD)
            if not found.present:
                return ABSENT
            value = body(Scope({**scope.values, name: found.value}, scope.budget))
            return value if flat else Optional(True, value)

        return Node(run)

    return build


MACROS = {
    "all": Macro((2, 3), _quantifier(False)),
    "exists": Macro((2, 3), _quantifier(True)),
    "exists_one": Macro((2, 3), _exists_one),
    "existsOne": Macro((2, 3), _exists_one),
    "filter": Macro((2,), _filter),
    "map": Macro((2, 3), _transform(1, False)),
    "transformList": Macro((3, 4), _transform(2, False)),
    "transformMap": Macro((3, 4), _transform(2, True)),
    "optMap": Macro((2,), _opt_map(False)),
    "optFlatMap": Macro((2,), _opt_map(True)),
}
