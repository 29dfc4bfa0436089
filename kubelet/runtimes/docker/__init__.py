"""The Docker runtime (see `runtime.py`); `engine.py` talks, `config.py` renders what is asked, `inspect.py` reads
answers."""

from minik8s.kubelet.runtimes.docker.runtime import DockerRuntime

__all__ = ["DockerRuntime"]
