"""What is installed from a wheel is what is in the repository: symlinked components included."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMPONENTS = ("apiserver", "scheduler", "controllers", "kubelet", "proxy")


def test_a_wheel_built_from_the_sdist_holds_all_five_components(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{ROOT}", tree], check=True)
    build = [sys.executable, "-m", "build", "--outdir", str(tmp_path / "dist"), str(tree)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = (tmp_path / "dist").glob("*.whl")
    installed = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    imports = "; ".join(f"import minik8s.{name}.command as m; print(m.__file__)" for name in COMPONENTS)
    printed = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(installed)!r}); {imports}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    ).stdout.split()
    assert printed == [str(installed / "minik8s" / name / "command.py") for name in COMPONENTS]
    assert {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")} == {"minik8s"}
