"""Models: core/probe.py."""

from minik8s.api.base import Int32, Int64, IntOrString, Model


class HTTPHeader(Model):
    """H T T P Header."""

    name: str
    value: str


class HTTPGetAction(Model):
    """H T T P Get Action."""

    port: IntOrString
    host: str | None = None
    http_headers: list[HTTPHeader] = []
    path: str | None = None
    scheme: str | None = None


class TCPSocketAction(Model):
    """T C P Socket Action."""

    port: IntOrString
    host: str | None = None


class ExecAction(Model):
    """Exec Action."""

    command: list[str] = []


class GRPCAction(Model):
    """G R P C Action."""

    port: Int32
    service: str | None = None


class SleepAction(Model):
    """Sleep Action."""

    seconds: Int64


class Probe(Model):
    """Probe."""

    exec: ExecAction | None = None
    failure_threshold: Int32 | None = None
    grpc: GRPCAction | None = None
    http_get: HTTPGetAction | None = None
    initial_delay_seconds: Int32 | None = None
    period_seconds: Int32 | None = None
    success_threshold: Int32 | None = None
    tcp_socket: TCPSocketAction | None = None
    termination_grace_period_seconds: Int64 | None = None
    timeout_seconds: Int32 | None = None


class LifecycleHandler(Model):
    """Lifecycle Handler."""

    exec: ExecAction | None = None
    http_get: HTTPGetAction | None = None
    sleep: SleepAction | None = None
    tcp_socket: TCPSocketAction | None = None


class Lifecycle(Model):
    """Lifecycle."""

    post_start: LifecycleHandler | None = None
    pre_stop: LifecycleHandler | None = None
    stop_signal: str | None = None
