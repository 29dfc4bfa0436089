"""The watch cache's pure parts: encoding, selection, tokens, views."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minik8s.api.selectors import FieldSelector, LabelSelector
from minik8s.apiserver.cache import pages
from minik8s.apiserver.cache.encoding import encode, restamp, stamp
from minik8s.apiserver.cache.interface import BadRequestError, Entry, ListPage, ResourceInfo
from minik8s.apiserver.cache.selection import Selection
from minik8s.apiserver.cache.views import JSON_LINES, chunked, render_bookmark

values = st.recursive(
    st.one_of(st.text(max_size=8), st.integers(-9, 9), st.none(), st.just('"metadata":{"resourceVersion":"7"')),
    lambda inner: st.dictionaries(st.sampled_from(["metadata", "resourceVersion", "a"]), inner) | st.lists(inner),
    max_leaves=6,
)
objects = st.builds(
    lambda kind, metadata, rest: {**rest, "kind": kind, "apiVersion": "v1", "metadata": metadata},
    st.text(max_size=9),
    st.dictionaries(st.sampled_from(["name", "labels", "resourceVersion", "annotations"]), values),
    st.dictionaries(st.sampled_from(["spec", "aaa", "data"]), values),
)


@given(objects, st.integers(1, 10**12), st.integers(1, 10**12))
def test_stamped_bytes_are_the_object_with_its_version(obj: Any, first: int, second: int) -> None:
    before = copy.deepcopy(obj)
    at_rest = encode(obj)
    assert obj == before
    plain = copy.deepcopy(obj)
    plain["metadata"].pop("resourceVersion", None)
    assert orjson.loads(at_rest) == plain
    data = stamp(at_rest, first)
    plain["metadata"]["resourceVersion"] = str(first)
    assert orjson.loads(data) == plain
    plain["metadata"]["resourceVersion"] = str(second)
    assert orjson.loads(restamp(data, second)) == plain


def test_what_others_wrote_is_put_in_order() -> None:
    foreign = (
        b'{"data":{"metadata":{"x":1}},"metadata":{"name":"a","resourceVersion":"5"},"kind":"K","apiVersion":"v1"}'
    )
    assert orjson.loads(stamp(foreign, 9)) == {
        "kind": "K",
        "apiVersion": "v1",
        "metadata": {"resourceVersion": "9", "name": "a"},
        "data": {"metadata": {"x": 1}},
    }
    for value in (b"", b"k8s\x00\x01", b"[1]", b'"text"', b'{"kind":"x"}'):
        assert stamp(value, 9) == value


def entry(key: str, labels: dict[str, str] | None = None, **fields: str) -> Entry:
    return Entry(key, 1, b"{}", labels or {}, {name.replace("_", "."): value for name, value in fields.items()})


def select(labels: str = "", fields: str = "", namespace: str = "") -> Selection:
    return Selection(
        "/registry/pods/",
        True,
        namespace,
        LabelSelector.parse(labels) if labels else None,
        FieldSelector.parse(fields) if fields else None,
    )


@pytest.mark.parametrize(
    ("labels", "fields", "matches"),
    [
        ("", "", True),
        ("app=x", "", True),
        ("app=y", "", False),
        ("app in (x,y),!tier", "", True),
        ("", "metadata.name=a", True),
        ("", "metadata.name!=a", False),
        ("", "metadata.namespace=default", True),
        ("", "metadata.namespace!=default", False),
        ("", "spec.nodeName=n1", True),
        ("", "spec.nodeName!=n1", False),
        ("", "status.phase=", True),
        ("app=x", "spec.nodeName=n2", False),
    ],
)
def test_matching(labels: str, fields: str, matches: bool) -> None:
    pod = entry("/registry/pods/default/a", {"app": "x"}, spec_nodeName="n1")
    assert select(labels, fields).matches(pod) is matches


def test_a_selector_for_nothing() -> None:
    nothing = Selection("/registry/pods/", True, "", LabelSelector(nothing=True), None)
    assert nothing.filters and not nothing.matches(entry("/registry/pods/default/a"))


def test_what_a_selection_is_bound_to() -> None:
    assert select(fields="metadata.namespace=a").prefix == "/registry/pods/a/"
    assert select(fields="metadata.name=x", namespace="a").single_key(True) == "/registry/pods/a/x"
    assert select(fields="metadata.name=x").single_key(True) == ""
    assert select(fields="spec.nodeName=n1,status.phase!=x").exact_field() == ("spec.nodeName", "n1")
    assert select("app in (a,b),tier,!x", "spec.nodeName=n1").index_terms() == [
        ("field", "spec.nodeName", ("n1",)),
        ("label", "app", ("a", "b")),
        ("label", "tier", None),
    ]
    assert select("app=x").key == select("app=x").key != select("app=y").key


@given(st.text(min_size=1, alphabet="abc-."), st.integers(1, 10**9))
def test_tokens_come_back(name: str, revision: int) -> None:
    prefix = "/registry/pods/default/"
    if name in (".", ".."):
        return
    key = prefix + name + "\0"
    assert pages.decode_continue(pages.encode_continue(key, prefix, revision), prefix) == (key, revision)


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "²", str(1 << 64)])
def test_bad_versions(text: str) -> None:
    with pytest.raises(BadRequestError):
        pages.parse_version(text)


@given(st.lists(st.integers(1, 60_000), max_size=12), st.integers(1, 5))
def test_segments_are_the_list(sizes: list[int], objects: int) -> None:
    entries = [Entry(str(n), 1, b'"%b"' % (b"x" * size), {}, {}) for n, size in enumerate(sizes)]
    pieces = list(ListPage(entries, 1).segments(objects))
    assert orjson.loads(b"[" + b"".join(pieces) + b"]") == ["x" * size for size in sizes]
    assert all(piece.count(b'"') <= 2 * objects for piece in pieces)


def test_frames() -> None:
    assert JSON_LINES.render("ADDED", b'{"a":1}') == b'{"type":"ADDED","object":{"a":1}}\n'
    frame = chunked(JSON_LINES).render("ADDED", b"{}")
    assert frame == b'1d\r\n{"type":"ADDED","object":{}}\n\r\n' and int(b"1d", 16) == len(frame) - 6
    info = ResourceInfo("/registry/x/", "apps/v1", "Thing", True)
    assert orjson.loads(render_bookmark(info, 7, {"a": "b"})) == {
        "kind": "Thing",
        "apiVersion": "apps/v1",
        "metadata": {"resourceVersion": "7", "creationTimestamp": None, "annotations": {"a": "b"}},
    }
