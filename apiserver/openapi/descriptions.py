"""What the models say of themselves: class docstrings, and the `#:` comments at their fields, read from the source.

Comments cost nothing at run time, so they can stand beside every field; this module reads them back when the first
OpenAPI document is built. A field's text is the `#:` comment on its own line, or the `#:` lines right above it.
"""

import ast
import inspect
import sys
from functools import cache
from pathlib import Path

from minik8s.api.base import Model

_MARK = "#:"

#: What every object has; its class need not say it again.
_COMMON = {
    "api_version": "Group and version of the object's form.",
    "kind": "Name of the object's kind, in CamelCase.",
    "metadata": "Name, labels, owners and the server's bookkeeping.",
    "spec": "What is wanted.",
    "status": "What was observed; written by the system.",
}


def describe(model: type[Model]) -> str:
    """The class's docstring, on one line."""
    return " ".join(inspect.cleandoc(model.__doc__ or "").split())


def describe_field(model: type[Model], attribute: str) -> str:
    """The field's comment, or what the parts of every object have in common; else empty."""
    return _read_module(model.__module__).get((model.__name__, attribute)) or _COMMON.get(attribute, "")


@cache
def _read_module(module: str) -> dict[tuple[str, str], str]:
    """(class, attribute) → text, for every class of a module."""
    file = sys.modules[module].__file__
    if file is None or not Path(file).exists():
        return {}
    source = Path(file).read_text()
    lines = source.splitlines()
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            for statement in node.body:
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    text = _comment(lines, statement.lineno, statement.end_lineno or statement.lineno)
                    found[node.name, statement.target.id] = text
    return found


def _comment(lines: list[str], first: int, last: int) -> str:
    """The comment of the statement on these (1-based) lines."""
    _, mark, trailing = lines[last - 1].partition(_MARK)
    if mark:
        return trailing.strip()
    above: list[str] = []
    for line in reversed(lines[: first - 1]):
        if not line.strip().startswith(_MARK):
            break
        above.insert(0, line.strip()[len(_MARK) :].strip())
    return " ".join(above)
