"""Expressions in CEL: compiled once, evaluated over plain JSON values.

Mirrors policy/../cel/compile.go and filter.go. The evaluator is the one of custom resources (extensions/cel), imported
when the first expression comes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

OBJECTS = ("object", "oldObject", "request")
ALL = (*OBJECTS, "namespaceObject", "params", "variables")
VARIABLE = re.compile(r"\bvariables\s*\.\s*([A-Za-z_][A-Za-z0-9_]*)")


class ExpressionError(Exception):
    """An expression that does not compile, or fails; the text is upstream's."""


@lru_cache(maxsize=2048)
def _program(expression: str, names: tuple[str, ...]) -> Any:
    from minik8s.apiserver.extensions.cel.program import CelError, compile_program

    try:
        return compile_program(expression, names)
    except CelError as error:
        return ExpressionError(f"compilation failed: {error}")


def check(expression: str, names: tuple[str, ...]) -> str:
    """What is wrong with the expression, or ""."""
    program = _program(expression.strip(), names)
    return str(program) if isinstance(program, ExpressionError) else ""


def evaluate(expression: str, values: Mapping[str, Any]) -> Any:
    """The expression's value; raises ExpressionError. The names of ``values`` are what it may refer to."""
    from minik8s.apiserver.extensions.cel.program import CelError

    program = _program(expression.strip(), tuple(values))
    if isinstance(program, ExpressionError):
        raise ExpressionError(f"expression '{expression}' resulted in error: compilation error: {program}")
    try:
        return program.evaluate(dict(values))
    except CelError as error:
        raise ExpressionError(f"expression '{expression}' resulted in error: {error}") from None


def referenced_variables(expression: str) -> list[str]:
    """Names after ``variables.`` in the text."""
    return VARIABLE.findall(expression)
