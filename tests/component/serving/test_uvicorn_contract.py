"""What we rely on in uvicorn's httptools protocol, name by name: fails at once when an upgrade moves something."""

from __future__ import annotations

import inspect
from importlib.metadata import version

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import Server


def test_the_version_is_the_pinned_one() -> None:
    assert version("uvicorn") == "0.54.0"


def test_the_protocol_has_the_methods_we_override_or_call() -> None:
    for name in (
        "connection_made", "connection_lost", "eof_received", "data_received", "on_message_begin",
        "on_headers_complete",
        "_should_upgrade", "_get_upgrade", "_unset_keepalive_if_required", "send_400_response", "shutdown",
    ):  # fmt: skip
        assert callable(getattr(HttpToolsProtocol, name)), name
    source = inspect.getsource(HttpToolsProtocol.__init__)
    for attribute in ("self.cycle", "self.flow", "self.transport", "self.parser", "self.scope"):
        assert attribute in source, attribute


def test_the_cycle_takes_our_word_that_the_response_is_complete() -> None:
    source = inspect.getsource(RequestResponseCycle)
    for attribute in ("self.response_started", "self.response_complete", "self.keep_alive"):
        assert attribute in source, attribute
    assert "not self.response_started and not self.disconnected" in inspect.getsource(RequestResponseCycle.run_asgi)


def test_flow_control_and_server_hooks() -> None:
    assert inspect.iscoroutinefunction(FlowControl.drain)
    assert callable(FlowControl.resume_reading)
    assert "capture_signals" in inspect.getsource(Server.serve)
    assert "self.started = True" in inspect.getsource(Server.startup)
