"""--runtime-config: which versions are served besides those that always are.

Mirrors apiserver/pkg/server/options/api_enablement.go. Here it can only add the versions of `minik8s.api.legacy`; what
v1.33 serves by default cannot be turned off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minik8s.api.legacy import LEGACY
from minik8s.api.scheme import SCHEME, Kind

if TYPE_CHECKING:
    from minik8s.apiserver.registry.registry import ServerRegistry

_TRUE, _FALSE = ("true", "1", ""), ("false", "0")
_EVERYTHING = ("api/all", "api/beta")


class RuntimeConfigError(ValueError):
    """A version that cannot be served, or cannot be turned off."""


def compute_extra_kinds(text: str) -> list[Kind]:
    """`policy/v1beta1=true,discovery.k8s.io/v1beta1` → the kinds to serve in addition. Raises RuntimeConfigError."""
    wanted: dict[str, bool] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = item.partition("=")
        if value.lower() not in _TRUE + _FALSE:
            raise RuntimeConfigError(f"invalid value of --runtime-config: {item}")
        wanted[name] = value.lower() in _TRUE
    known = {kind.group_version for kind in LEGACY}
    everything = any(wanted.pop(name, False) for name in _EVERYTHING)
    for name, on in wanted.items():
        if name in known or (on and name in {kind.group_version for kind in SCHEME}) or name == "api/ga":
            continue
        problem = "unknown api version" if on else "cannot be turned off"
        raise RuntimeConfigError(f"--runtime-config: {name}: {problem}")
    return [kind for kind in LEGACY if wanted.get(kind.group_version, everything)]


def serve_extra_kinds(registry: ServerRegistry, text: str) -> None:
    """Make a registry serve them."""
    registry.kinds.replace("runtime-config", compute_extra_kinds(text))
