"""Prometheus' text format, version 0.0.4. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass
class Page:
    """Families in the order of their first sample."""

    _help: dict[str, str] = field(default_factory=dict)
    _lines: dict[str, list[str]] = field(default_factory=dict)

    def add(
        self,
        name: str,
        text: str,
        value: float,
        labels: Mapping[str, str] | None = None,
        *,
        kind: str = "",
        time: float = 0.0,
        suffix: str = "",
    ) -> None:
        """One sample. `kind` is a counter for names in _total, else a gauge; `time` in seconds, 0 for none."""
        if name not in self._lines:
            kind = kind or ("counter" if name.endswith("_total") else "gauge")
            self._help[name] = f"# HELP {name} {text}\n# TYPE {name} {kind}"
            self._lines[name] = []
        stamp = f" {int(time * 1000)}" if time else ""
        self._lines[name].append(f"{name}{suffix}{render_labels(labels or {})} {render_value(value)}{stamp}")

    def render(self) -> str:
        parts = [line for name, lines in self._lines.items() for line in (self._help[name], *lines)]
        return "\n".join(parts) + "\n"


def render_labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items()) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def render_value(value: float) -> str:
    if isinstance(value, int) or value == int(value):
        return str(int(value))
    return repr(round(value, 9))


def render_pages(pages: Iterable[Page]) -> str:
    return "".join(page.render() for page in pages)
