"""Links of proxied pages lead through the proxy; everything else stays."""

import gzip

import pytest

from minik8s.apiserver.routes.subresources.links import Rewriting, is_page, rewrite_location, rewrite_page

PREFIX = "/api/v1/namespaces/default/pods/web/proxy"
REWRITING = Rewriting(PREFIX, frozenset({"10.1.2.3:80", "api:6443"}))
HTML = [(b"Content-Type", b"text/html; charset=utf-8")]


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("/a", f"{PREFIX}/a"),
        ("/a/", f"{PREFIX}/a/"),
        ("/", f"{PREFIX}/"),
        ("/a?x=1#top", f"{PREFIX}/a?x=1#top"),
        ("/a/../b", f"{PREFIX}/b"),
        ("http://10.1.2.3:80/a", f"{PREFIX}/a"),
        ("https://api:6443/a", f"{PREFIX}/a"),
        (f"{PREFIX}/a", f"{PREFIX}/a"),
        ("a/b", "a/b"),
        ("../b", "../b"),
        ("#top", "#top"),
        ("https://example.com/a", "https://example.com/a"),
        ("//example.com/a", "//example.com/a"),
        ("mailto:a@b", "mailto:a@b"),
        ("http://[broken", "http://[broken"),
    ],
)
def test_a_link(link, expected):
    assert REWRITING.url(link) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ('<a href="/x">t</a>', f'<a href="{PREFIX}/x">t</a>'),
        ("<IMG SRC='/i.png' alt=\"a &amp; b\"/>", f'<img src="{PREFIX}/i.png" alt="a &amp; b"/>'),
        ("<p>\n&amp; ü\r\n<form action=/go><input disabled formaction=/f>", None),
        ('<a title="/x" href="y">/x</a>', '<a title="/x" href="y">/x</a>'),
        ("<script>if (a < b) s = '<a href=\"/x\">'</script>", "<script>if (a < b) s = '<a href=\"/x\">'</script>"),
        ('<!-- <a href="/x"> --><!DOCTYPE html>&copy;<br>', '<!-- <a href="/x"> --><!DOCTYPE html>&copy;<br>'),
        ("plain /x text < 3 & more <", "plain /x text < 3 & more <"),
    ],
)
def test_a_page(page, expected):
    if expected is None:
        expected = f'<p>\n&amp; ü\r\n<form action="{PREFIX}/go"><input disabled formaction="{PREFIX}/f">'
    assert REWRITING.page(page) == expected


def test_bodies_keep_their_encoding_and_what_is_no_text():
    assert rewrite_page(HTML, b"\xff<a href=/x>", REWRITING) == b'\xff<a href="' + PREFIX.encode() + b'/x">'
    zipped = rewrite_page([*HTML, (b"content-encoding", b"gzip")], gzip.compress(b"<a href=/x>"), REWRITING)
    assert PREFIX.encode() in gzip.decompress(zipped)
    assert rewrite_page([*HTML, (b"content-encoding", b"gzip")], b"not zipped", REWRITING) == b"not zipped"


def test_only_pages_are_rewritten():
    assert is_page(HTML)
    assert not is_page([(b"content-type", b"application/json")])
    assert not is_page([*HTML, (b"content-encoding", b"br")])
    assert not is_page([])


def test_a_redirect_leads_through_the_proxy():
    assert rewrite_location([(b"Location", b"/login"), (b"x", b"/y")], REWRITING) == [
        (b"Location", f"{PREFIX}/login".encode()),
        (b"x", b"/y"),
    ]
