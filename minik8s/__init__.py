"""minik8s: Kubernetes small enough to read.

Five components (apiserver, scheduler, controllers, kubelet, proxy) live in the top-level folders of the
repository and are reached here through relative symlinks, so their import names are always
``minik8s.<component>``. What every process shares stands beside them: ``api`` (the kinds), ``client``
(informers, queues, controllers), ``cluster`` (up, down, status) and ``cli``.
"""

__version__ = "0.1.0"
#: The Kubernetes release whose API this is; clients decide by it what they may ask for.
KUBERNETES_VERSION = "v1.33.4"
