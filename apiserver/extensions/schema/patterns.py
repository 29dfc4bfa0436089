"""Regular expressions as Go has them: RE2, whose running time is linear, so that no pattern can stall the server.

Go's regexp package takes RE2's syntax. google-re2 is that library; it comes with cel-python.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=2048)
def compile_pattern(pattern: str) -> Any:
    """The compiled expression; ValueError with RE2's words where it is none."""
    import re2  # type: ignore[import-untyped]

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(_go_words(pattern, error)) from None


def _go_words(pattern: str, error: Exception) -> str:
    text = error.args[0] if error.args else "invalid"
    text = text.decode() if isinstance(text, bytes) else str(text)
    return f"error parsing regexp: {text}"


def search(pattern: str, text: str) -> bool:
    """Whether the pattern is found anywhere in the text."""
    return compile_pattern(pattern).search(text) is not None
