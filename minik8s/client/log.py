"""Structured logs: one line per event, `key=value` (logfmt), objects as `namespace/name`.

    timestamp=2026-01-01T00:00:00.000000Z level=info event="pod bound" logger=minik8s.scheduler.binder pod=default/web-1

Calls look as structlog's do. It is not used: every process logs a line while it starts, and importing structlog for it
took 30–55 ms and 1.5 MB each. Verbosity follows klog's `-v`: 0–1 info, 2 and more lets debug through. Never log a
secret.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_state: dict[str, Any] = {"level": _LEVELS["info"], "stream": None}


def configure(verbosity: int = 0, stream: Any = None) -> None:
    """Set the verbosity (`--v`) of this process; may be called before or after the first line."""
    _state["level"] = _LEVELS["debug"] if verbosity >= 2 else _LEVELS["info"]
    _state["stream"] = stream


class Logger:
    """A named logger. `log.info("pod bound", pod="default/web-1", node="n1")`."""

    def __init__(self, name: str, **bound: Any) -> None:
        self.name = name
        self._bound = bound

    def bind(self, **values: Any) -> Logger:
        """The same logger with more values on every line."""
        return Logger(self.name, **{**self._bound, **values})

    def is_enabled(self, level: str) -> bool:
        return bool(_LEVELS[level] >= _state["level"])

    def debug(self, event: str, **values: Any) -> None:
        self._log("debug", event, values)

    def info(self, event: str, **values: Any) -> None:
        self._log("info", event, values)

    def warning(self, event: str, **values: Any) -> None:
        self._log("warning", event, values)

    def error(self, event: str, **values: Any) -> None:
        self._log("error", event, values)

    def exception(self, event: str, **values: Any) -> None:
        """An error line with the traceback of the exception that is being handled."""
        self._log("error", event, {**values, "exc_info": True})

    def _log(self, level: str, event: str, values: dict[str, Any]) -> None:
        if _LEVELS[level] < _state["level"]:
            return
        line = render_line(level, event, {"logger": self.name, **self._bound, **values}, datetime.now(UTC))
        stream = _state["stream"] or sys.stderr
        stream.write(line + "\n")
        stream.flush()


def render_line(level: str, event: str, values: Mapping[str, Any], now: datetime) -> str:
    """One line. `exc_info` (True, or an exception) becomes `exception`, the traceback in one value."""
    stamp = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
    fields: dict[str, Any] = {"timestamp": stamp, "level": level, "event": event, **values}
    error = fields.pop("exc_info", None)
    if error:
        fields["exception"] = _format_traceback(error)
    return " ".join(f"{key}={_render_value(value)}" for key, value in fields.items())


def _render_value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    plain = text.translate(_ESCAPES)
    return f'"{plain}"' if plain != text or " " in text or "=" in text else text


def _format_traceback(error: BaseException | bool) -> str:
    import traceback

    chosen = error if isinstance(error, BaseException) else sys.exc_info()[1]
    return "" if chosen is None else "".join(traceback.format_exception(chosen)).rstrip()


def get_logger(name: str) -> Logger:
    """The logger of a module: `log = get_logger(__name__)`."""
    return Logger(name)
