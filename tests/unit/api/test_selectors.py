"""Selectors: syntax, meaning and messages of label and field selectors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minik8s.api import meta
from minik8s.api.selectors import EVERYTHING, NOTHING, FieldSelector, LabelSelector, escape


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("", {}, True),
        ("a=b", {"a": "b"}, True),
        ("a==b", {"a": "c"}, False),
        ("a!=b", {}, True),
        ("a!=b", {"a": "b"}, False),
        ("a in (b,c)", {"a": "c"}, True),
        ("a in (b,c)", {}, False),
        ("a notin (b,c)", {}, True),
        ("a notin (b)", {"a": "b"}, False),
        ("a", {"a": ""}, True),
        ("!a", {"a": ""}, False),
        ("a=", {"a": ""}, True),
        ("a in (,b)", {"a": ""}, True),
        ("a>1", {"a": "2"}, True),
        ("a<1", {"a": "x"}, False),
        ("x=1, in in (in)", {"x": "1", "in": "in"}, True),
        ("example.com/role=master,!old", {"example.com/role": "master"}, True),
    ],
)
def test_label_selectors(text: str, labels: dict[str, str], expected: bool) -> None:
    assert LabelSelector.parse(text).matches(labels) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("a in x", "unable to parse requirement: found 'x' expected: '('"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
    ],
)
def test_messages(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        LabelSelector.parse(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["-a=b", "a=b$", "a/b/c=d", "a=" + "x" * 64, "a>b", "!", "a in", "a=(", "(a)"])
def test_refused(text: str) -> None:
    with pytest.raises(ValueError):
        LabelSelector.parse(text)


def test_from_model() -> None:
    selector = LabelSelector.from_model(
        {
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["a", "b"]},
                {"key": "old", "operator": "DoesNotExist"},
            ],
        }
    )
    assert str(selector) == "app=web,tier in (a,b),!old"
    assert selector.matches({"app": "web", "tier": "b"})
    assert not selector.matches({"app": "web", "tier": "b", "old": ""})
    assert LabelSelector.from_model(meta.LabelSelector(match_labels={"a": "b"})).matches({"a": "b"})


def test_none_selects_nothing_and_empty_everything() -> None:
    assert LabelSelector.from_model(None) is NOTHING and not NOTHING.matches({})
    assert LabelSelector.from_model({}) == EVERYTHING and EVERYTHING.empty and EVERYTHING.matches(None)


def test_unknown_operator() -> None:
    with pytest.raises(ValueError, match='"Like" is not a valid label selector operator'):
        LabelSelector.from_model({"matchExpressions": [{"key": "a", "operator": "Like"}]})


NAMES = st.text("abcz09", min_size=1, max_size=5)
LABELS = st.dictionaries(NAMES, NAMES | st.just(""), max_size=4)
TERMS = st.one_of(
    st.tuples(NAMES, st.sampled_from(["=", "==", "!="]), NAMES | st.just("")).map("".join),
    st.tuples(NAMES, st.sampled_from([" in ", " notin "]), st.lists(NAMES, min_size=1, max_size=3)).map(
        lambda t: f"{t[0]}{t[1]}({','.join(t[2])})"
    ),
    NAMES,
    NAMES.map("!{}".format),
)


@given(st.lists(TERMS, max_size=4).map(",".join), LABELS)
def test_text_of_a_selector_means_the_same(text: str, labels: dict[str, str]) -> None:
    selector = LabelSelector.parse(text)
    assert LabelSelector.parse(str(selector)) == selector
    assert LabelSelector.parse(str(selector)).matches(labels) == selector.matches(labels)


@given(LABELS, LABELS)
def test_labels_select_their_supersets(some: dict[str, str], more: dict[str, str]) -> None:
    assert LabelSelector.from_labels(some).matches({**more, **some})


@given(st.text(max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    for parse in (LabelSelector.parse, FieldSelector.parse):
        try:
            parse(text)
        except ValueError:
            continue


def test_field_selectors() -> None:
    selector = FieldSelector.parse("spec.nodeName=n1,status.phase!=Running")
    assert selector.matches({"spec.nodeName": "n1", "status.phase": "Failed"})
    assert not selector.matches({"spec.nodeName": "n1", "status.phase": "Running"})
    assert selector.exact("spec.nodeName") == "n1" and selector.exact("status.phase") is None
    assert FieldSelector.parse("spec.nodeName=").matches({})
    selector.check_supported(["spec.nodeName", "status.phase"])
    with pytest.raises(ValueError, match=r"field label not supported: status\.phase"):
        selector.check_supported(["spec.nodeName"])


def test_field_selector_messages() -> None:
    with pytest.raises(ValueError, match="invalid selector: 'a'; can't understand 'a'"):
        FieldSelector.parse("a")
    with pytest.raises(ValueError, match="unescaped character in value: ="):
        FieldSelector.parse("a=b=c")


@given(st.text(min_size=1, max_size=20))
def test_escaped_values_come_back(value: str) -> None:
    assert FieldSelector.parse(f"a={escape(value)}").exact("a") == value
