"""The image `minik8s/web`: a web server that answers with the pod's host name. Standard library only; run as a script.

`web.py [PORT]` (default: $PORT, else 80). GET / → `<hostname>\\n`; GET /healthz → ok; GET /env → its environment.
"""

from __future__ import annotations

import os
import signal
import socket
import sys


def respond(path: str) -> bytes:
    """The whole answer to a GET."""
    body = socket.gethostname() + "\n"
    if path == "/healthz":
        body = "ok"
    elif path == "/env":
        body = "".join(f"{key}={value}\n" for key, value in sorted(os.environ.items()))
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return (head + body).encode()


def main() -> int:
    """Serves one request after the other until SIGTERM."""
    port = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", "80"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    listener = socket.create_server(("", port), backlog=256)
    print(f"listening on port {port}", flush=True)
    while True:
        client, address = listener.accept()
        with client:
            client.settimeout(5)
            try:
                line = client.recv(65536).split(b"\r\n", 1)[0].decode("latin-1")
                client.sendall(respond(line.split(" ")[1] if line.count(" ") == 2 else "/"))
                print(f"{address[0]} {line}", flush=True)
            except OSError:
                continue  # the client went away


if __name__ == "__main__":
    sys.exit(main())
