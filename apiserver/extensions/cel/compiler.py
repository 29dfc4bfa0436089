"""cel-python's syntax tree → closures, with names and fields checked on the way.

Each node becomes a function of the scope; its static type is known as far as schemas tell it. `&&`, `||` and the
macros `all` and `exists` put off an error: the other side may decide without it, as CEL demands.
"""

from __future__ import annotations

import operator as python
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from celpy.celparser import CELParseError, CELParser
from celpy.evaluation import celbytes, celstr

from minik8s.apiserver.extensions.cel import functions, operators
from minik8s.apiserver.extensions.cel.budget import Budget
from minik8s.apiserver.extensions.cel.fields import UNDEFINED, element_type, field_type, get_element, get_field
from minik8s.apiserver.extensions.cel.values import CelError, Optional, Schema, TypeName, converter, unescape


class Scope(NamedTuple):
    """The variables of an evaluation, and its budget."""

    values: dict[str, Any]
    budget: Budget


Run = Callable[[Scope], Any]


class Node(NamedTuple):
    """A compiled expression; `type` is a schema, a CEL type's name, or None where it is not known."""

    run: Run
    type: Schema | str | None = None


_ORDER = {"relation_lt": python.lt, "relation_le": python.le, "relation_gt": python.gt, "relation_ge": python.ge}
_ARITHMETIC = {
    "addition_add": operators.add, "addition_sub": operators.subtract, "multiplication_mul": operators.multiply,
    "multiplication_div": operators.divide, "multiplication_mod": operators.modulo,
}  # fmt: skip
_TYPES = ("bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type")
_LITERAL_TYPES = {
    "INT_LIT": "int", "UINT_LIT": "int", "FLOAT_LIT": "double", "STRING_LIT": "string", "MLSTRING_LIT": "string",
    "BYTES_LIT": "bytes", "BOOL_LIT": "bool", "NULL_LIT": "null_type",
}  # fmt: skip


@cache
def _parser() -> CELParser:
    return CELParser()


class Compiler:
    """Compiles one expression."""

    def __init__(self, text: str, variables: dict[str, Schema | None]) -> None:
        self._text = text
        self._variables: dict[str, Schema | str | None] = dict(variables)

    def compile(self) -> Node:
        try:
            tree = _parser().parse(self._text)
        except CELParseError as error:
            raise self._error("Syntax error: mismatched input", error.line or 1, error.column or 1) from None
        return self._node(tree)

    def _error(self, text: str, line: int, column: int) -> CelError:
        lines = self._text.split("\n")
        shown = lines[line - 1] if line <= len(lines) else ""
        return CelError(f"ERROR: <input>:{line}:{column}: {text}\n | {shown}\n | {'.' * (column - 1)}^")

    def _fault(self, text: str, token: Any, back: int = 0) -> CelError:
        return self._error(text, getattr(token, "line", 1) or 1, (getattr(token, "column", 1) or 1) - back)

    # -- operators ----------------------------------------------------------------------------------------------------

    def _node(self, tree: Any) -> Node:
        children = [child for child in tree.children if child is not None]
        if tree.data in ("list_lit", "map_lit", "literal", "ident", "ident_arg", "dot_ident", "dot_ident_arg"):
            return getattr(self, f"_{tree.data}")(tree, children)  # type: ignore[no-any-return]
        if len(children) == 1:
            return self._node(children[0])
        return getattr(self, f"_{tree.data}")(tree, children)  # type: ignore[no-any-return]

    def _expr(self, tree: Any, children: list[Any]) -> Node:
        condition, yes, no = map(self._node, children)

        def run(scope: Scope) -> Any:
            return yes.run(scope) if _boolean(condition.run(scope)) else no.run(scope)

        return Node(run, yes.type if yes.type == no.type else None)

    def _conditionalor(self, tree: Any, children: list[Any]) -> Node:
        return _either(self._node(children[0]), self._node(children[1]), True)

    def _conditionaland(self, tree: Any, children: list[Any]) -> Node:
        return _either(self._node(children[0]), self._node(children[1]), False)

    def _relation(self, tree: Any, children: list[Any]) -> Node:
        word, left, right = children[0].data, self._node(children[0].children[0]), self._node(children[1])
        if word in ("relation_eq", "relation_ne"):
            return _equality(left, right, word == "relation_eq")
        if word == "relation_in":
            return _membership(left, right)
        compare, a, b = operators.ordered(_ORDER[word]), left.run, right.run
        return Node(lambda scope: compare(a(scope), b(scope)), "bool")

    def _addition(self, tree: Any, children: list[Any]) -> Node:
        apply = _ARITHMETIC[children[0].data]
        left, right = self._node(children[0].children[0]), self._node(children[1])
        a, b = left.run, right.run

        def run(scope: Scope) -> Any:
            result = apply(a(scope), b(scope))
            scope.budget.spend(operators.weight(result))
            return result

        return Node(run, left.type if isinstance(left.type, str) and left.type == right.type else None)

    _multiplication = _addition

    def _unary(self, tree: Any, children: list[Any]) -> Node:
        inner = self._node(children[1])
        run = inner.run
        if children[0].data == "unary_not":
            return Node(lambda scope: not _boolean(run(scope)), "bool")
        return Node(lambda scope: operators.negate(run(scope)), inner.type)

    # -- primaries ----------------------------------------------------------------------------------------------------

    def _literal(self, tree: Any, children: list[Any]) -> Node:
        token = children[0]
        value = self._literal_value(token)
        return Node(lambda scope: value, _LITERAL_TYPES[token.type])

    def _literal_value(self, token: Any) -> Any:
        kind, text = token.type, str(token)
        if kind in ("INT_LIT", "UINT_LIT"):
            digits = text.rstrip("uU")
            value = int(digits, 16 if "0x" in digits.lower() else 10)
            if not operators.MIN_INT <= value <= operators.MAX_INT + (kind == "UINT_LIT") * 2**63:
                raise self._fault("invalid int literal", token)
            return value
        if kind == "FLOAT_LIT":
            return float(text)
        if kind == "BYTES_LIT":
            return bytes(celbytes(token))
        if kind in ("STRING_LIT", "MLSTRING_LIT"):
            return str(celstr(token))
        return {"true": True, "false": False}.get(text)

    def _list_lit(self, tree: Any, children: list[Any]) -> Node:
        items = [node.run for node in self._arguments(children)]

        def run(scope: Scope) -> list[Any]:
            scope.budget.spend(1 + len(items))
            return [item(scope) for item in items]

        return Node(run, "list")

    def _map_lit(self, tree: Any, children: list[Any]) -> Node:
        parts = [self._node(child).run for child in (children[0].children if children else ())]
        pairs = list(zip(parts[::2], parts[1::2], strict=True))

        def run(scope: Scope) -> dict[Any, Any]:
            scope.budget.spend(1 + len(pairs))
            return {key(scope): value(scope) for key, value in pairs}

        return Node(run, "map")

    def _ident(self, tree: Any, children: list[Any]) -> Node:
        token = children[0]
        name = str(token)
        if name in self._variables:
            return Node(lambda scope: _variable(scope, name), self._variables[name])
        if name in _TYPES:
            return Node(lambda scope: TypeName(name), "type")
        raise self._fault(f"undeclared reference to '{name}' (in container '')", token)

    _dot_ident = _ident

    def _arguments(self, children: list[Any]) -> list[Node]:
        return [self._node(child) for child in (children[0].children if children else ())]

    def _ident_arg(self, tree: Any, children: list[Any]) -> Node:
        token, name = children[0], str(children[0])
        if name == "has":
            return self._has(token, children[1:])
        if name == "dyn":
            return Node(self._arguments(children[1:])[0].run)
        return self._call(token, name, self._arguments(children[1:]))

    _dot_ident_arg = _ident_arg

    def _call(self, token: Any, name: str, arguments: list[Node], is_method: bool = False) -> Node:
        function = functions.find(name, len(arguments), is_method)
        if function is None:
            raise self._fault(f"undeclared reference to '{name}' (in container '')", token)
        call, runs = function.call, [argument.run for argument in arguments]

        def run(scope: Scope) -> Any:
            given = [run(scope) for run in runs]
            scope.budget.spend(1 + operators.weight(given[0]) if given else 1)
            return call(*given)

        return Node(run, function.result)

    # -- members ------------------------------------------------------------------------------------------------------

    def _member_dot(self, tree: Any, children: list[Any]) -> Node:
        qualified = self._qualified(children[0])
        if f"{qualified}.{children[1]}" in (
            "google.protobuf.Timestamp",
            "google.protobuf.Duration",
            "net.IP",
            "net.CIDR",
        ):
            name = TypeName(f"{qualified}.{children[1]}")
            return Node(lambda scope: name, "type")
        target = self._node(children[0])
        return self._select(target, children[1])

    def _qualified(self, tree: Any) -> str:
        """`a.b` of a chain of plain names, "" of anything else."""
        while tree.data in ("member", "primary") and len(tree.children) == 1:
            tree = tree.children[0]
        if tree.data == "ident":
            return str(tree.children[0])
        if tree.data == "member_dot":
            inner = self._qualified(tree.children[0])
            return f"{inner}.{tree.children[1]}" if inner else ""
        return ""

    def _select(self, target: Node, token: Any) -> Node:
        name, field = str(token), unescape(str(token))
        found = field_type(target.type, field)
        if found is UNDEFINED:
            raise self._fault(f"undefined field '{name}'", token, back=1)
        run, convert = target.run, converter(found)

        def select(scope: Scope) -> Any:
            scope.budget.spend()
            value = get_field(run(scope), name, field)
            return convert(value) if convert is not None else value

        return Node(select, found)

    def _member_index(self, tree: Any, children: list[Any]) -> Node:
        target, index = self._node(children[0]), self._node(children[1])
        found = element_type(target.type)
        run, at, convert = target.run, index.run, converter(found)

        def select(scope: Scope) -> Any:
            scope.budget.spend()
            value = get_element(run(scope), at(scope))
            return convert(value) if convert is not None else value

        return Node(select, found)

    def _member_object(self, tree: Any, children: list[Any]) -> Node:
        raise self._error("objects of message types cannot be made", tree.meta.line, tree.meta.column)

    def _member_dot_arg(self, tree: Any, children: list[Any]) -> Node:
        from minik8s.apiserver.extensions.cel.macros import MACROS

        target, token, rest = children[0], children[1], children[2:]
        name, qualified = str(token), self._qualified(children[0])
        arguments = rest[0].children if rest else []
        if qualified == "cel" and name == "bind" and len(arguments) == 3:
            return self._bind(arguments)
        if qualified in functions.NAMESPACES and qualified not in self._variables:
            return self._call(token, f"{qualified}.{name}", self._arguments(rest))
        if name in MACROS and self._is_macro(arguments, MACROS[name].arities):
            return MACROS[name].build(self, self._node(target), arguments, token)
        return self._call(token, name, [self._node(target), *self._arguments(rest)], is_method=True)

    def _is_macro(self, arguments: list[Any], arities: tuple[int, ...]) -> bool:
        return len(arguments) in arities and bool(arguments) and bool(self.name_of(arguments[0]))

    def name_of(self, tree: Any) -> str:
        """The identifier that an argument consists of, "" where it is more than that."""
        while len(tree.children) == 1 and hasattr(tree.children[0], "data"):
            tree = tree.children[0]
        return str(tree.children[0]) if tree.data == "ident" else ""

    def with_variables(self, names: dict[str, Schema | str | None], tree: Any) -> Node:
        """An expression in which further names are known."""
        outer = self._variables
        self._variables = {**outer, **names}
        try:
            return self._node(tree)
        finally:
            self._variables = outer

    def _bind(self, arguments: list[Any]) -> Node:
        name, value = self.name_of(arguments[0]), self._node(arguments[1])
        body = self.with_variables({name: value.type}, arguments[2])

        def run(scope: Scope) -> Any:
            return body.run(Scope({**scope.values, name: value.run(scope)}, scope.budget))

        return Node(run, body.type)

    def _has(self, token: Any, children: list[Any]) -> Node:
        arguments = children[0].children if children else []
        tree = arguments[0] if len(arguments) == 1 else None
        while tree is not None and tree.data != "member_dot":
            tree = tree.children[0] if len(tree.children) == 1 and hasattr(tree.children[0], "data") else None
        if tree is None:
            raise self._fault("invalid argument to has() macro", token)
        target, name = self._node(tree.children[0]), tree.children[1]
        self._select(target, name)  # the field is declared
        field = unescape(str(name))

        def run(scope: Scope) -> bool:
            scope.budget.spend()
            value = target.run(scope)
            if isinstance(value, Optional):
                value = value.value
            if not isinstance(value, dict):
                raise CelError(operators.NO_OVERLOAD)
            return str(name) in value or field in value

        return Node(run, "bool")


# -- what nodes do ----------------------------------------------------------------------------------------------------


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise CelError(operators.NO_OVERLOAD)


def _either(left: Node, right: Node, decisive: bool) -> Node:
    """`||` (decisive: true) and `&&` (false): one decisive side is enough, even if the other fails."""
    a, b = left.run, right.run

    def run(scope: Scope) -> bool:
        try:
            first = _boolean(a(scope))
        except CelError as error:
            scope.budget.spend()
            if _boolean(b(scope)) is decisive:
                return decisive
            raise error from None
        return decisive if first is decisive else _boolean(b(scope))

    return Node(run, "bool")


def _equality(left: Node, right: Node, wanted: bool) -> Node:
    a, b = left.run, right.run

    def run(scope: Scope) -> bool:
        first, second = a(scope), b(scope)
        scope.budget.spend(operators.weight(first))
        return operators.equal(first, second) is wanted

    return Node(run, "bool")


def _membership(left: Node, right: Node) -> Node:
    a, b = left.run, right.run

    def run(scope: Scope) -> bool:
        value, collection = a(scope), b(scope)
        scope.budget.spend(operators.weight(collection))
        return operators.contains(collection, value)

    return Node(run, "bool")


def _variable(scope: Scope, name: str) -> Any:
    try:
        return scope.values[name]
    except KeyError:
        raise CelError(f"no such attribute(s): {name}") from None
