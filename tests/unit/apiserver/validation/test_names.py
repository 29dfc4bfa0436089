"""Names and small grammars: upstream's texts, letter by letter."""

# ruff: noqa: E501 - tables read best with a case per line, and messages whole

from __future__ import annotations

import pytest

from minik8s.apiserver.validation import names

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
DNS1035 = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
QUALIFIED = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


@pytest.mark.parametrize(
    ("check", "value", "expected"),
    [
        (names.dns1123_subdomain, "a.b-c.d", ()),
        (names.dns1123_subdomain, "A", (SUBDOMAIN,)),
        (names.dns1123_subdomain, "a" * 254, ("must be no more than 253 bytes",)),
        (names.dns1123_label, "web-1", ()),
        (names.dns1123_label, "a.b", ("must not contain dots",)),
        (names.dns1123_label, "-a", (LABEL,)),
        (names.dns1123_label, "a" * 64, ("must be no more than 63 bytes",)),
        (names.dns1035_label, "1a", (DNS1035,)),
        (names.qualified_name, "example.com/a_b", ()),
        (names.qualified_name, "a b", ("name part " + QUALIFIED,)),
        (names.qualified_name, "/a", ("prefix part must be non-empty",)),
        (names.qualified_name, "", ("name part must be non-empty", "name part " + QUALIFIED)),
        (names.qualified_name, "a/b/c", (
            f"a qualified name {QUALIFIED} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",)),
        (names.qualified_name, "B.c/a", ("prefix part " + SUBDOMAIN,)),
        (names.label_value, "", ()),
        (names.label_value, "a b", (VALUE,)),
        (names.config_map_key, "..", ("must not be '..'",)),
        (names.config_map_key, "..a", ("must not start with '..'",)),
        (names.config_map_key, "a b", (
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
            "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",)),
        (names.env_var_name, "A B", ()),
        (names.env_var_name, "A=B", (
            "a valid environment variable name must consist only of printable ASCII characters other than '='",)),
        (names.port_name, "http", ()),
        (names.port_name, "a" * 16, ("must be no more than 15 bytes",)),
        (names.port_name, "80", ("must contain at least one letter (a-z)",)),
        (names.port_name, "a--b", ("must not contain consecutive hyphens",)),
        (names.port_name, "-a", ("must not begin or end with a hyphen",)),
        (names.ip_address, "10.0.0.300", ("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",)),
        (names.cidr, "10.0.0.0", ("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",)),
        (names.percent, "5", (
            "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used "
            "for validation is '[0-9]+%')",)),
        (names.path_segment, "a/b", ("may not contain '/'",)),
        (names.path_segment, "..", ("may not be '..'",)),
        (names.port_number, 70000, ("must be between 1 and 65535, inclusive",)),
    ],
)  # fmt: skip
def test_messages(check: object, value: object, expected: tuple[str, ...]) -> None:
    assert check(value) == expected  # type: ignore[operator]
