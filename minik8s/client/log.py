"""Structured logs: one line per event, `key=value`, objects as `namespace/name`.

structlog does the work, and is imported and configured at the first line that is logged, so that importing a module
with a logger costs nothing. Verbosity follows klog's `-v`: 0–1 info, 2 and more lets debug through. Never log a secret.
"""

from __future__ import annotations

import sys
from typing import Any

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_state: dict[str, Any] = {"level": _LEVELS["info"], "configured": False, "stream": None}


def configure(verbosity: int = 0, stream: Any = None) -> None:
    """Set the verbosity (`--v`) of this process; may be called before or after the first line."""
    _state["level"] = _LEVELS["debug"] if verbosity >= 2 else _LEVELS["info"]
    _state["stream"] = stream
    _state["configured"] = False


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
        backend = _state.get("backend") if _state["configured"] else _configure_structlog()
        getattr(backend, level)(event, logger=self.name, **self._bound, **values)


def _configure_structlog() -> Any:
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(
                key_order=["timestamp", "level", "event", "logger"], drop_missing=True, bool_as_flag=False
            ),
        ],
        logger_factory=structlog.PrintLoggerFactory(_state["stream"] or sys.stderr),
        cache_logger_on_first_use=False,
    )
    _state["backend"] = structlog.get_logger()
    _state["configured"] = True
    return _state["backend"]


def get_logger(name: str) -> Logger:
    """The logger of a module: `log = get_logger(__name__)`."""
    return Logger(name)
