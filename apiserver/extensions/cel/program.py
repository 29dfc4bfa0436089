"""From text to value: `compile_program(text, variables)`, then `program.evaluate(values)`.

    program = compile_program("self.replicas <= self.max", {"self": schema})
    program.evaluate({"self": {"replicas": 1, "max": 3}})   → True

Errors, of both, are CelError with cel-go's text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minik8s.apiserver.extensions.cel.budget import Budget
from minik8s.apiserver.extensions.cel.compiler import Compiler, Node, Scope
from minik8s.apiserver.extensions.cel.values import CelError as CelError
from minik8s.apiserver.extensions.cel.values import Schema, converter

MAX_EXPRESSION = 16 * 1024


class Program:
    """A compiled expression. It keeps no state between evaluations."""

    def __init__(self, node: Node, variables: Mapping[str, Schema | None]) -> None:
        self._run, self.result_type = node.run, node.type
        self._converters = {name: convert for name, schema in variables.items() if (convert := converter(schema))}

    def evaluate(self, values: Mapping[str, Any], budget: Budget | None = None) -> Any:
        """The value, with `values` (JSON) for the variables."""
        given = dict(values)
        for name, convert in self._converters.items():
            if name in given:
                given[name] = convert(given[name])
        try:
            return self._run(Scope(given, budget or Budget()))
        except RecursionError:
            raise CelError("expression recursion limit exceeded") from None


def compile_program(expression: str, variables: Iterable[str] | Mapping[str, Schema | None]) -> Program:
    """Parse and check. Variables may come with a schema: then fields that it does not have are errors."""
    typed: dict[str, Schema | None]
    typed = dict(variables) if isinstance(variables, Mapping) else dict.fromkeys(variables)
    if len(expression) > MAX_EXPRESSION:
        raise CelError(f"expression code point size exceeds limit: size: {len(expression)}, limit {MAX_EXPRESSION}")
    try:
        return Program(Compiler(expression, typed).compile(), typed)
    except RecursionError:
        raise CelError("expression recursion limit exceeded") from None
