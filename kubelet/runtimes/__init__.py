"""Container runtimes behind one protocol (`base.py`); each implementation is imported only when it is asked for."""

from __future__ import annotations

from minik8s.kubelet.runtimes.base import Runtime, RuntimeOptions

RUNTIME_NAMES = ("docker", "process", "fake")


def make_runtime(name: str, options: RuntimeOptions) -> Runtime:
    """The runtime called `name`, not yet started."""
    if name == "docker":
        from minik8s.kubelet.runtimes.docker import DockerRuntime

        return DockerRuntime(options)
    if name == "process":
        from minik8s.kubelet.runtimes.process import ProcessRuntime

        return ProcessRuntime(options)
    if name == "fake":
        from minik8s.kubelet.runtimes.fake import FakeRuntime

        return FakeRuntime(options)
    raise ValueError(f"unknown container runtime {name!r} (known: {', '.join(RUNTIME_NAMES)})")
