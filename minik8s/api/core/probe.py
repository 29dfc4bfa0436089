"""core/v1: Probes and lifecycle actions of containers.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Int32, Int64, IntOrString, Model


class HTTPHeader(Model):
    """A header of a probe's request."""

    name: str  #: Its name.
    value: str  #: Its value.


class HTTPGetAction(Model):
    """An HTTP GET; 200 to 399 is success."""

    path: str | None = None  #: Path to ask for.
    port: IntOrString  #: Port number or name.
    host: str | None = None  #: Address to connect to; the pod's where absent.
    scheme: str | None = None  #: HTTP (the default) or HTTPS, unverified.
    http_headers: list[HTTPHeader] = []  #: Headers to send.


class TCPSocketAction(Model):
    """A TCP connection; open is success."""

    port: IntOrString  #: Port number or name.
    host: str | None = None  #: Address to connect to; the pod's where absent.


class ExecAction(Model):
    """A command in the container; exit status 0 is success."""

    command: list[str] = []  #: Program and arguments; no shell.


class GRPCAction(Model):
    """A call of gRPC's health service."""

    port: Int32  #: Port number.
    service: str | None = None  #: Service to ask about.


class SleepAction(Model):
    """A pause."""

    seconds: Int64  #: How long.


class Probe(Model):
    """A check of a container, again and again."""

    exec: ExecAction | None = None  #: By a command.
    http_get: HTTPGetAction | None = None  #: By HTTP.
    tcp_socket: TCPSocketAction | None = None  #: By connecting.
    grpc: GRPCAction | None = None  #: By gRPC.
    initial_delay_seconds: Int32 | None = None  #: Wait so long after the start.
    timeout_seconds: Int32 | None = None  #: A check fails after so long; default 1.
    period_seconds: Int32 | None = None  #: Time between checks; default 10.
    success_threshold: Int32 | None = None  #: Successes in a row to count as good; default 1.
    failure_threshold: Int32 | None = None  #: Failures in a row to count as bad; default 3.
    #: Grace when this probe ends the container, instead of the pod's.
    termination_grace_period_seconds: Int64 | None = None


class LifecycleHandler(Model):
    """What to do at a moment of a container's life; one of these."""

    exec: ExecAction | None = None  #: Run a command.
    http_get: HTTPGetAction | None = None  #: Make an HTTP request.
    tcp_socket: TCPSocketAction | None = None  #: No longer used.
    sleep: SleepAction | None = None  #: Wait.


class Lifecycle(Model):
    """Actions at moments of a container's life."""

    post_start: LifecycleHandler | None = None  #: Right after it started; it is killed when this fails.
    pre_stop: LifecycleHandler | None = None  #: Before SIGTERM, within the grace period.
    stop_signal: str | None = None  #: Signal to stop it with, instead of the image's.
