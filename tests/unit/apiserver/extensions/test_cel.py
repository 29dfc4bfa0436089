"""CEL: values, errors, the cost bound, and the rules of schemas."""

import time

import pytest

from minik8s.apiserver.extensions.cel.budget import Budget, OutOfBudget
from minik8s.apiserver.extensions.cel.checking import check_rules
from minik8s.apiserver.extensions.cel.program import CelError, compile_program
from minik8s.apiserver.extensions.cel.validator import RuleValidator

VALUES = {"a": 3, "b": 2.5, "s": "hello-world", "l": [1, 2, 3], "m": {"x": 1, "y": None}, "t": True}


def evaluate(text, **more):
    values = VALUES | more
    return compile_program(text, values).evaluate(values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 - -1", 8),
        ("a-1", 2),
        ("7 / -2", -3),
        ("-7 % 3", -1),
        ("1.5 + b", 4.0),
        ("a == 3.0 && 1 < 1.5", True),
        ("1 == '1'", False),
        ("a > 2 ? 'big' : 'small'", "big"),
        ("'x' in m && !('z' in m) && 2 in l", True),
        ("l[1] + m['x'] + m.x", 4),
        ("has(m.x) && !has(m.z)", True),
        ("l.all(i, i > 0) && l.exists(i, i == 3) && l.exists_one(i, i > 2)", True),
        ("l.map(i, i * 2).filter(i, i > 2)", [4, 6]),
        ("l.map(i, i > 1, i * 10)", [20, 30]),
        ("m.all(k, k.size() == 1)", True),
        ("l.all(i, v, v == i + 1)", True),
        ("m.transformList(k, v, k)", ["x", "y"]),
        ("false && m.nothing == 1", False),
        ("m.nothing == 1 || true", True),
        ("[1, 0].exists(i, 1 / i == 1)", True),
        ("size(s) + s.size() + l.size()", 25),
        ("s.startsWith('hello') && s.endsWith('world') && s.contains('-')", True),
        ("s.matches('^[a-z-]+$')", True),
        ("'a\\tb' == \"a\\u0009b\" && r'\\d' == '\\\\d'", True),
        ("int('12') + int(2.9) + int(timestamp('1970-01-01T00:01:00Z'))", 74),
        ("string(1.0) + string(true) + string(7)", "1true7"),
        ("type(1) == int && type('') == string && type(null) == null_type", True),
        ("duration('1h30m') > duration('89m') && duration('90m').getHours() == 1", True),
        ("timestamp('2024-02-29T12:00:00Z') + duration('24h') == timestamp('2024-03-01T12:00:00Z')", True),
        ("timestamp('2024-01-07T23:30:00Z').getDayOfWeek('+01:00')", 1),
        ("'a,b,c'.split(',').join('-') + 'x'.upperAscii() + ' y '.trim()", "a-b-cXy"),
        ("s.substring(0, 5).replace('l', 'L', 1) + s.charAt(0) + string(s.indexOf('o'))", "heLloh4"),
        ("'%s is %d of %.1f'.format(['x', 1, 2.0])", "x is 1 of 2.0"),
        ("'abc123'.find('[0-9]+') == '123' && 'a1b2'.findAll('[0-9]') == ['1', '2']", True),
        ("l.sum() + l.max() - l.min()", 8),
        ("l.isSorted() && [3, 1].isSorted() == false && [1, 2, 1].indexOf(1) == 0", True),
        ("sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1]) && !sets.intersects([1], [2])", True),
        ("isURL('https://a.b:80/c?d=e') && url('https://a.b:80/c?d=e').getPort() == '80'", True),
        ("url('https://[::1]:80/c').getHostname() == '::1' && !isURL('a b')", True),
        (
            "quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('1500m').add(quantity('500m')).asInteger() == 2",
            True,
        ),
        ("isQuantity('1.5Mi') && !isQuantity('1 Mi') && quantity('50k').isInteger()", True),
        ("isIP('10.0.0.1') && ip('10.0.0.1').family() == 4 && !isIP('10.0.0.256') && ip.isCanonical('::1')", True),
        ("cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')", True),
        ("optional.of(1).orValue(2) + optional.none().orValue(5)", 6),
        ("optional.of(1).optMap(x, x + 1).value()", 2),
        ("cel.bind(x, a * 2, x + x)", 12),
        ("b'ab' + b'c' == b'abc' && size(b'é') == 2", True),
        ("{'a': 1, 'b': [1, 2]}.b[0]", 1),
    ],
)
def test_values(text, expected):
    result = evaluate(text)
    assert result == expected and type(result) is type(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("m.nothing", "no such key: nothing"),
        ("l[7]", "index out of bounds: 7"),
        ("1 / 0", "division by zero"),
        ("1 % 0", "modulus by zero"),
        ("9223372036854775807 + 1", "integer overflow"),
        ("1 + 1.0", "no such overload"),
        ("a + t", "no such overload"),
        ("!a", "no such overload"),
        ("l.all(i, 1 / (i - 2) != 7)", "division by zero"),
        ("duration('x')", "type conversion error"),
        ("s.matches('[')", "error parsing regexp"),
        ("quantity('1 Mi')", "quantities must match"),
    ],
)
def test_failures(text, message):
    with pytest.raises(CelError, match=message.replace("(", r"\(")):
        evaluate(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nobody == 1", "ERROR: <input>:1:1: undeclared reference to 'nobody' (in container '')\n | nobody == 1\n | ^"),
        ("a.frob()", "undeclared reference to 'frob'"),
        ("a >> 1", "Syntax error"),
        ("size(1, 2)", "undeclared reference to 'size'"),
        ("has(a)", "invalid argument to has() macro"),
        ("1 +", "Syntax error"),
    ],
)
def test_refused_when_compiled(text, message):
    with pytest.raises(CelError) as caught:
        compile_program(text, VALUES)
    assert message in str(caught.value)


def test_a_field_that_the_schema_lacks_is_refused():
    schema = {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {"type": "string"}}}}}
    with pytest.raises(CelError) as caught:
        compile_program("self.a.c == 'x'", {"self": schema})
    assert str(caught.value).startswith("ERROR: <input>:1:7: undefined field 'c'\n | self.a.c == 'x'\n | ......^")
    assert compile_program("self.a.b == 'x'", {"self": schema}).evaluate({"self": {"a": {"b": "x"}}}) is True


def test_json_becomes_what_the_schema_says():
    schema = {
        "type": "object",
        "properties": {
            "n": {"type": "number"},
            "at": {"type": "string", "format": "date-time"},
            "for": {"type": "string", "format": "duration"},
            "ports": {"type": "array", "items": {"type": "number"}},
            "a-b": {"type": "integer"},
        },
    }
    text = "self.n + 0.5 == 1.5 && self.at < timestamp('2030-01-01T00:00:00Z') && self.__for__ == duration('1m')"
    value = {"n": 1, "at": "2024-01-01T00:00:00Z", "for": "60s", "ports": [1], "a-b": 4}
    assert compile_program(text, {"self": schema}).evaluate({"self": value}) is True
    text = "self.ports.all(p, p + 0.5 > 1.0) && self.a__dash__b == 4"
    assert compile_program(text, {"self": schema}).evaluate({"self": value}) is True


def test_no_rule_stalls_the_server():
    nested = "l.all(a, l.all(b, l.all(c, l.all(d, a + b + c + d >= 0))))"
    program, started = compile_program(nested, ["l"]), time.perf_counter()
    with pytest.raises(OutOfBudget, match="actual cost limit exceeded"):
        program.evaluate({"l": list(range(200))}, Budget())
    assert time.perf_counter() - started < 5
    with pytest.raises(CelError):
        compile_program("(" * 3000 + "1" + ")" * 3000, [])
    doubling = "cel.bind(a, s + s + s + s, cel.bind(b, a + a + a + a, cel.bind(c, b + b + b + b, c + c + c + c)))"
    with pytest.raises(OutOfBudget):
        compile_program(doubling, ["s"]).evaluate({"s": "x" * 100_000})


# -- rules of schemas ------------------------------------------------------------------------------------------------


def spec(*rules, **more):
    inner = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}} | more}
    return {"type": "object", "properties": {"spec": inner | {"x-kubernetes-validations": list(rules)}}}


def check(schema, value, old=None):
    return [str(error) for error in RuleValidator(schema).check(value, old)]


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ({"rule": "self.a < self.b"}, {"a": 2, "b": 1}, 'spec: Invalid value: "object": failed rule: self.a < self.b'),
        ({"rule": "self.a > 5", "message": "too small"}, {"a": 1}, 'spec: Invalid value: "object": too small'),
        (
            {"rule": "self.a > 5", "messageExpression": "'a is %d'.format([self.a])"},
            {"a": 1},
            'spec: Invalid value: "object": a is 1',
        ),
        (
            {"rule": "self.a > 5", "reason": "FieldValueForbidden", "fieldPath": ".a"},
            {"a": 1},
            "spec.a: Forbidden: failed",
        ),
        ({"rule": "self.a > 5", "reason": "FieldValueRequired"}, {"a": 1}, "spec: Required value: failed rule"),
        ({"rule": "self.a > 5"}, {}, 'spec: Invalid value: "object": no such key: a evaluating rule: self.a > 5'),
    ],
)
def test_what_a_broken_rule_says(rule, value, expected):
    errors = check(spec(rule), {"spec": value})
    assert len(errors) == 1 and errors[0].startswith(expected)


def test_transition_rules_need_an_old_value():
    schema = spec({"rule": "self.a >= oldSelf.a", "message": "a may not shrink"})
    assert check(schema, {"spec": {"a": 1}}) == []
    assert check(schema, {"spec": {"a": 2}}, {"spec": {"a": 1}}) == []
    assert check(schema, {"spec": {"a": 1}}, {"spec": {"a": 2}}) == ['spec: Invalid value: "object": a may not shrink']


def test_optional_old_self_runs_always():
    rule = {"rule": "oldSelf.hasValue() || self.a == 1", "optionalOldSelf": True}
    assert check(spec(rule), {"spec": {"a": 2}}) != []
    assert check(spec(rule), {"spec": {"a": 2}}, {"spec": {"a": 3}}) == []


def test_what_an_update_leaves_alone_is_not_checked_again():
    schema = spec({"rule": "self.a > 5"})
    assert check(schema, {"spec": {"a": 1}}, {"spec": {"a": 1}}) == []
    assert check(schema, {"spec": {"a": 2}}, {"spec": {"a": 1}}) != []


def test_elements_of_maps_are_correlated_by_key():
    items = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "n": {"type": "integer"}},
        "x-kubernetes-validations": [{"rule": "self.n == oldSelf.n", "message": "fixed"}],
    }
    listed = {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items": items}
    schema = spec(l=listed)
    old = {"spec": {"l": [{"name": "x", "n": 1}, {"name": "y", "n": 2}]}}
    new = {"spec": {"l": [{"name": "y", "n": 2}, {"name": "x", "n": 5}, {"name": "z", "n": 9}]}}
    assert check(schema, new, old) == ['spec.l[1]: Invalid value: "object": fixed']


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"rule": ""}, "[0].rule: Required value: rule is not specified"),
        ({"rule": "self.c > 1"}, "compilation failed: ERROR: <input>:1:5: undefined field 'c'"),
        ({"rule": "self.a"}, "cel expression must evaluate to a bool"),
        ({"rule": "self.a > 1", "message": " "}, "message must be non-empty if specified"),
        ({"rule": "self.a > 1", "messageExpression": "self.a"}, "messageExpression must evaluate to a string"),
        ({"rule": "self.a > 1", "reason": "Sad"}, 'Unsupported value: "Sad"'),
        ({"rule": "self.a > 1", "fieldPath": ".zz"}, "fieldPath must be a valid path"),
        ({"rule": "self.a > 1", "optionalOldSelf": True}, "may not be set if oldSelf is not used in rule"),
        ({"rule": "self.a > 1"}, ""),
    ],
)
def test_rules_of_a_definition(rule, expected):
    errors = [str(error) for error in check_rules(spec(rule), "s")]
    assert (not errors) if not expected else (len(errors) == 1 and expected in errors[0]), errors


def test_the_root_knows_only_the_name_of_metadata():
    schema = {"type": "object", "x-kubernetes-validations": [{"rule": "self.metadata.name.startsWith('a')"}]}
    assert check_rules(schema, "s") == []
    assert check(schema, {"metadata": {"name": "b"}, "kind": "X", "apiVersion": "g/v1"}) != []
    schema = {"type": "object", "x-kubernetes-validations": [{"rule": "self.metadata.labels.size() > 0"}]}
    assert "undefined field 'labels'" in str(check_rules(schema, "s")[0])
