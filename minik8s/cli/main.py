"""``minik8s VERB …``: a table of verbs, each in a module of its own that is imported when it is called.

A component's name as the verb (``minik8s scheduler --kubeconfig …``) hands the rest of the line to that
component, whose flags are upstream's.
"""

from __future__ import annotations

import importlib
import sys

#: Component processes: verb → module with ``main(argv) -> exit code``.
COMPONENTS = {
    "apiserver": "minik8s.apiserver.command",
    "scheduler": "minik8s.scheduler.command",
    "controller-manager": "minik8s.controllers.command",
    "kubelet": "minik8s.kubelet.command",
    "proxy": "minik8s.proxy.command",
    "dns": "minik8s.addons.dns.command",
    "metrics-server": "minik8s.addons.metrics.command",
}
#: Verbs for people: verb → (module with ``main(argv)``, one line of help).
VERBS = {
    "up": ("minik8s.cli.up", "start the cluster"),
    "down": ("minik8s.cli.down", "stop the cluster; --purge removes its data"),
    "status": ("minik8s.cli.status", "list the components"),
    "kubeconfig": ("minik8s.cli.kubeconfig", "print the path of the admin kubeconfig, or the file itself"),
    "logs": ("minik8s.cli.logs", "print a component's log"),
    "demo": ("minik8s.cli.demo", "start a cluster, deploy a web application, break it and watch it heal"),
    "image": ("minik8s.cli.image", "put images into the cluster's runtime without a registry"),
}
ALIASES = {"kube-" + name: name for name in COMPONENTS} | {"controllers": "controller-manager"}


def main(argv: list[str] | None = None) -> int:
    """Run one verb; returns the exit code (2 for wrong usage)."""
    arguments = sys.argv[1:] if argv is None else argv
    verb = arguments[0] if arguments else "help"
    verb = ALIASES.get(verb, verb)
    if verb in COMPONENTS:
        return int(importlib.import_module(COMPONENTS[verb]).main(arguments[1:]) or 0)
    if verb in VERBS:
        return int(importlib.import_module(VERBS[verb][0]).main(arguments[1:]) or 0)
    if verb in ("version", "--version"):
        from minik8s import KUBERNETES_VERSION, __version__

        print(f"minik8s {__version__} (Kubernetes API {KUBERNETES_VERSION})")
        return 0
    print(usage(), file=sys.stdout if verb in ("help", "-h", "--help") else sys.stderr)
    if verb in ("help", "-h", "--help"):
        return 0
    print(f"\nminik8s: unknown verb {verb!r}", file=sys.stderr)
    return 2


def usage() -> str:
    """The overview of verbs."""
    lines = ["usage: minik8s VERB [options]", "", "The cluster:"]
    lines += [f"  {verb:<12} {text}" for verb, (_, text) in VERBS.items()]
    lines += ["", "Its components, each alone, with upstream's flags:", "  " + "  ".join(COMPONENTS)]
    return "\n".join(lines)
