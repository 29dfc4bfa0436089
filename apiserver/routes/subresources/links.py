"""Links in what a pod or service answers, made to lead through the proxy again; pure.

Mirrors apimachinery's util/proxy/transport.go: a page that links to ``/style.css`` means a path of its own server,
which a browser on the other side of the API server reaches only below ``…/proxy``. Redirects are treated likewise.
Relative links and those to other hosts stay. Leaves out, as upstream does, bodies that are compressed by anything but
gzip and deflate, and links in style sheets and scripts.
"""

from __future__ import annotations

import gzip
import html
import posixpath
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit, urlunsplit

#: Which attributes of which tags hold a URL (HTML 4.01's index of attributes, and HTML 5's).
URL_ATTRIBUTES: dict[str, frozenset[str]] = {
    tag: frozenset(names.split())
    for tag, names in {
        "a": "href", "applet": "codebase", "area": "href", "audio": "src", "base": "href", "blockquote": "cite",
        "body": "background", "button": "formaction", "command": "icon", "del": "cite", "embed": "src",
        "form": "action", "frame": "longdesc src", "head": "profile", "html": "manifest", "iframe": "longdesc src",
        "img": "longdesc src usemap", "input": "src usemap formaction", "ins": "cite", "link": "href",
        "object": "classid codebase data usemap", "q": "cite", "script": "src", "source": "src",
        "video": "poster src",
    }.items()
}  # fmt: skip

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Rewriting:
    """``prefix`` is the proxy's own path; ``hosts`` are the names under which the server may speak of itself."""

    prefix: str
    hosts: frozenset[str]

    def url(self, link: str) -> str:
        """One link, rewritten if it is a path of that server."""
        try:
            parts = urlsplit(link)
        except ValueError:
            return link
        if (parts.netloc and parts.netloc not in self.hosts) or not parts.path.startswith("/"):
            return link
        path = parts.path
        if not path.startswith(self.prefix):
            joined = posixpath.normpath(self.prefix + path)
            path = joined + "/" if path.endswith("/") else joined
        return urlunsplit(("", "", path, parts.query, parts.fragment))

    def page(self, text: str) -> str:
        """A page with all its links rewritten; everything else stays byte by byte."""
        scanner = _Scanner(text, self.url)
        scanner.feed(text)
        scanner.close()
        return "".join(scanner.pieces())


def is_page(headers: Headers) -> bool:
    """Whether the body is HTML in an encoding that can be undone."""
    content_type = _value(headers, b"content-type").partition(b";")[0].strip().lower()
    return content_type == b"text/html" and _value(headers, b"content-encoding").lower() in _ENCODINGS


def rewrite_page(headers: Headers, body: bytes, rewriting: Rewriting) -> bytes:
    """The body of a page (see ``is_page``), rewritten, in the encoding it came in."""
    decode, encode = _ENCODINGS[_value(headers, b"content-encoding").lower()]
    try:
        text = decode(body).decode("utf-8", "surrogateescape")
    except (OSError, zlib.error, EOFError):
        return body  # not what its header says: pass it on as it is
    return encode(rewriting.page(text).encode("utf-8", "surrogateescape"))


def rewrite_location(headers: Headers, rewriting: Rewriting) -> Headers:
    """The headers, a redirect's target rewritten."""
    return [
        (name, rewriting.url(value.decode("latin-1")).encode("latin-1") if name.lower() == b"location" else value)
        for name, value in headers
    ]


def _value(headers: Headers, wanted: bytes) -> bytes:
    return next((value.strip() for name, value in headers if name.lower() == wanted), b"")


def _same(body: bytes) -> bytes:
    return body


_ENCODINGS: dict[bytes, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    b"": (_same, _same),
    b"identity": (_same, _same),
    b"gzip": (gzip.decompress, gzip.compress),
    b"deflate": (zlib.decompress, zlib.compress),
}


class _Scanner(HTMLParser):
    """Finds start tags with links, and notes what to put in their place."""

    def __init__(self, text: str, rewrite: Callable[[str], str]) -> None:
        super().__init__(convert_charrefs=False)
        self._text, self._rewrite = text, rewrite
        self._edits: list[tuple[int, int, str]] = []
        self._line_starts = [0, *_newlines(text)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        urls = URL_ATTRIBUTES.get(tag, frozenset())
        changed = [(n, self._rewrite(v) if n in urls and v is not None else v) for n, v in attrs]
        raw = self.get_starttag_text() or ""
        if changed == attrs or not raw:
            return
        line, column = self.getpos()
        start = self._line_starts[line - 1] + column
        self._edits.append((start, start + len(raw), _render_tag(tag, changed, raw.endswith("/>"))))

    def pieces(self) -> Iterator[str]:
        """The text with the edits in it."""
        at = 0
        for start, end, replacement in self._edits:
            yield self._text[at:start]
            yield replacement
            at = end
        yield self._text[at:]


def _newlines(text: str) -> Iterator[int]:
    """Where each line after the first begins; the parser counts only ``\\n``."""
    at = text.find("\n")
    while at >= 0:
        yield at + 1
        at = text.find("\n", at + 1)


def _render_tag(tag: str, attrs: list[tuple[str, str | None]], closed: bool) -> str:
    words = [tag, *(name if value is None else f'{name}="{html.escape(value)}"' for name, value in attrs)]
    return f"<{' '.join(words)}{'/' if closed else ''}>"
