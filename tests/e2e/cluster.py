"""A cluster under test: started with the command a user types, asked through kubectl, taken down whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Where kubectl is looked for besides PATH: the Google Cloud SDK brings several versions.
SDK_BIN = Path("/usr/lib/google-cloud-sdk/bin")


def find_kubectls() -> dict[str, str]:
    """Every kubectl at hand: version → path, oldest first."""
    candidates = [*sorted(SDK_BIN.glob("kubectl.1.*")), *(Path(p) for p in [shutil.which("kubectl")] if p)]
    found: dict[str, str] = {}
    for path in candidates:
        done = subprocess.run([path, "version", "--client", "-o", "json"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            version = json.loads(done.stdout)["clientVersion"]["gitVersion"].split("-")[0]
            found.setdefault(version, str(path))
    return dict(sorted(found.items(), key=lambda item: [int(n) for n in item[0].lstrip("v").split(".")[:2]]))


class Cluster:
    """One cluster in a directory of its own."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.data_dir, self.options = data_dir, options
        self.kubeconfig = data_dir / "admin.kubeconfig"
        self.environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig)}
        self.kubectl_binary = next(reversed(find_kubectls().values()), "kubectl")

    def minik8s(self, *arguments: str, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run ``minik8s VERB … --data-dir DIR``."""
        command = [sys.executable, "-m", "minik8s", *arguments, "--data-dir", str(self.data_dir)]
        return run(command, self.environment, check, timeout)

    def up(self) -> str:
        """Start and wait until every component is ready; returns what was printed."""
        return self.minik8s("up", "--detach", *self.options).stdout

    def down(self) -> None:
        """Stop and remove everything."""
        self.minik8s("down", "--purge")

    def status(self) -> dict[str, dict[str, Any]]:
        """Components by name."""
        done = self.minik8s("status", "-o", "json", check=False)
        return {component["name"]: component for component in json.loads(done.stdout)["components"]}

    def kubectl(self, *arguments: str, check: bool = True, stdin: str = "", timeout: float = 120) -> str:
        """Run kubectl and return its output."""
        return run([self.kubectl_binary, *arguments], self.environment, check, timeout, stdin).stdout

    def get(self, *arguments: str) -> Any:
        """``kubectl get … -o json``, decoded."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def apply(self, manifest: Any, *arguments: str) -> str:
        """``kubectl apply -f -`` of a manifest given as data or text."""
        text = manifest if isinstance(manifest, str) else json.dumps(manifest)
        return self.kubectl("apply", "-f", "-", *arguments, stdin=text)

    def logs(self) -> str:
        """The ends of all component logs, for a failing test's report."""
        parts = []
        for file in sorted((self.data_dir / "logs").glob("*.log")):
            parts.append(f"== {file.name}\n" + "\n".join(file.read_text(errors="replace").splitlines()[-25:]))
        return "\n".join(parts)


def run(
    command: list[str], environment: dict[str, str], check: bool, timeout: float, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; a failure raises with both of its outputs."""
    done = subprocess.run(
        command, env=environment, input=stdin, capture_output=True, text=True, timeout=timeout, check=False
    )
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def eventually(ask: Callable[[], Any], what: str, timeout: float = 60) -> Any:
    """Ask until the answer is truthy (an assertion that fails counts as not yet) and return it."""
    deadline = time.monotonic() + timeout
    while True:
        problem = ""
        try:
            if answer := ask():
                return answer
        except (AssertionError, LookupError) as error:
            problem = str(error)
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:.0f} s: {what} {problem}")
        time.sleep(0.1)
