"""/version: which Kubernetes API this is."""

from __future__ import annotations

import platform
import sys

GIT_VERSION = "v1.33.0"


ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def version_info() -> dict[str, str]:
    """apimachinery's version.Info."""
    return {
        "major": "1",
        "minor": "33",
        "emulationMajor": "1",
        "emulationMinor": "33",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "32",
        "gitVersion": f"{GIT_VERSION}+minik8s",
        "gitCommit": "0" * 40,  # clients match hex digits here; a re-implementation has no commit of upstream's
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": f"python{platform.python_version()}",
        "compiler": sys.implementation.name,
        "platform": f"{sys.platform}/{ARCHITECTURES.get(platform.machine(), platform.machine())}",
    }
