"""Images without a registry: made from a few files, given to the Docker engine through its own HTTP API.

The engine's socket is spoken to with the standard library, since the Docker SDK is the kubelet's business. The
process runtime needs none of this: its images are folders or names it knows itself.
"""

from __future__ import annotations

import http.client
import io
import json
import socket
import tarfile
import urllib.parse
from pathlib import Path

from minik8s.cluster.lifecycle import DOCKER_SOCKET

#: The demo's image: a web server that answers with its pod's name.
WEB_IMAGE = "minik8s/web:latest"
#: Debian's busybox-static puts it here.
BUSYBOX = Path("/bin/busybox")
WEB_SCRIPT = 'mkdir -p /www && hostname > /www/index.html && exec httpd -f -p "${PORT:-80}" -h /www'


class ImageError(RuntimeError):
    """An image could not be made or loaded; the message says why."""


def is_static(program: Path) -> bool:
    """Whether a program is an ELF file that asks for no interpreter, so that it runs in an empty image."""
    try:
        body = program.read_bytes()
    except OSError:
        return False
    return body.startswith(b"\x7fELF") and b"ld-linux" not in body[:4096]


def render_busybox_root(busybox: bytes, applets: list[str]) -> bytes:
    """A root file system as a tar: busybox, a link an applet, and the folders programs expect; pure."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for folder in ("bin", "etc", "tmp", "root", "proc", "sys", "dev", "var"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            archive.addfile(entry)
        _add_file(archive, "bin/busybox", busybox, 0o755)
        _add_file(archive, "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n", 0o644)
        _add_file(archive, "etc/group", b"root:x:0:\n", 0o644)
        for applet in applets:
            if applet != "busybox":
                entry = tarfile.TarInfo(f"bin/{applet}")
                entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(entry)
    return buffer.getvalue()


def _add_file(archive: tarfile.TarFile, name: str, body: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(body), mode
    archive.addfile(entry, io.BytesIO(body))


def ensure_web_image() -> None:
    """Make the demo's image in the Docker engine if it is not there. Raises ImageError."""
    status, _ = _engine("GET", f"/images/{WEB_IMAGE}/json")
    if status == 200:
        return
    if not is_static(BUSYBOX):
        raise ImageError(
            f"the demo's image is made from a static {BUSYBOX}; there is none (Debian: apt-get install busybox-static)"
        )
    import_image(
        render_busybox_root(
            BUSYBOX.read_bytes(), ["sh", "httpd", "hostname", "mkdir", "sleep", "cat", "ls", "wget", "nc"]
        ),
        WEB_IMAGE,
        changes=["ENV PATH=/bin", f"CMD {json.dumps(['sh', '-c', WEB_SCRIPT])}", "EXPOSE 80"],
    )


def import_image(root: bytes, name: str, changes: list[str]) -> None:
    """Give the engine a root file system under a name, with Dockerfile lines; what ``docker import`` does."""
    repository, _, tag = name.partition(":")
    query = [("fromSrc", "-"), ("repo", repository), ("tag", tag or "latest"), *(("changes", c) for c in changes)]
    status, body = _engine("POST", "/images/create?" + urllib.parse.urlencode(query), root)
    if status != 200 or b'"error"' in body:
        raise ImageError(f"the Docker engine did not take {name}: {body.decode(errors='replace').strip()}")


def load_archive(archive: Path) -> str:
    """Load a ``docker save`` archive into the engine; returns the engine's words."""
    status, body = _engine("POST", "/images/load?quiet=1", archive.read_bytes())
    if status != 200:
        raise ImageError(f"the Docker engine did not take {archive}: {body.decode(errors='replace').strip()}")
    return str(json.loads(body.splitlines()[-1]).get("stream", "")).strip()


def _engine(method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("engine", timeout=120)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.sock.connect(DOCKER_SOCKET)
        headers = {"Content-Type": "application/x-tar"} if body is not None else {}
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    except OSError as error:
        raise ImageError(f"the Docker engine does not answer on {DOCKER_SOCKET}: {error}") from error
    finally:
        connection.close()
