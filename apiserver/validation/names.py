"""The small grammars of names, keys and values, with upstream's texts.

Mirrors `apimachinery/pkg/util/validation/validation.go`. Every function returns a tuple of messages, empty when the
value is fine; all are cached, for a cluster repeats its names.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

Messages = tuple[str, ...]
_cached = lru_cache(maxsize=8192)

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = _LABEL + r"(\." + _LABEL + ")*"
_DNS1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_QUALIFIED})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
_WILDCARD = r"\*\." + _SUBDOMAIN

_label_re = re.compile(_LABEL)
_subdomain_re = re.compile(_SUBDOMAIN)
_dns1035_re = re.compile(_DNS1035)
_qualified_re = re.compile(_QUALIFIED)
_label_value_re = re.compile(_LABEL_VALUE)
_config_key_re = re.compile(_CONFIG_KEY)
_c_identifier_re = re.compile(_C_IDENTIFIER)
_wildcard_re = re.compile(_WILDCARD)
_header_re = re.compile("[-A-Za-z0-9]+")
_percent_re = re.compile("[0-9]+%")
_port_chars_re = re.compile("[-a-z0-9]+")

_QUALIFIED_TEXT = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character"
)


def regex_error(text: str, pattern: str, *examples: str) -> str:
    """`text (e.g. 'a',  or 'b', regex used for validation is 'pattern')`: two blanks before "or", as upstream."""
    if not examples:
        return f"{text} (regex used for validation is '{pattern}')"
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{text} (e.g. {shown}regex used for validation is '{pattern}')"


def max_length(limit: int) -> str:
    return f"must be no more than {limit} bytes"


def in_range(low: int, high: int) -> str:
    return f"must be between {low} and {high}, inclusive"


@_cached
def dns1123_label(value: str) -> Messages:
    errors: list[str] = []
    if len(value) > 63:
        errors.append(max_length(63))
    if not _label_re.fullmatch(value):
        if _subdomain_re.fullmatch(value):
            errors.append("must not contain dots")
        else:
            text = (
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
                "and end with an alphanumeric character"
            )
            errors.append(regex_error(text, _LABEL, "my-name", "123-abc"))
    return tuple(errors)


@_cached
def dns1123_subdomain(value: str) -> Messages:
    errors: list[str] = []
    if len(value) > 253:
        errors.append(max_length(253))
    if not _subdomain_re.fullmatch(value):
        errors.append(regex_error(_SUBDOMAIN_TEXT, _SUBDOMAIN, "example.com"))
    return tuple(errors)


@_cached
def dns1035_label(value: str) -> Messages:
    errors: list[str] = []
    if len(value) > 63:
        errors.append(max_length(63))
    if not _dns1035_re.fullmatch(value):
        text = (
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
            "character, and end with an alphanumeric character"
        )
        errors.append(regex_error(text, _DNS1035, "my-name", "abc-123"))
    return tuple(errors)


@_cached
def wildcard_subdomain(value: str) -> Messages:
    errors: list[str] = []
    if len(value) > 253:
        errors.append(max_length(253))
    if not _wildcard_re.fullmatch(value):
        text = (
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist "
            "of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
        )
        errors.append(regex_error(text, _WILDCARD, "*.example.com"))
    return tuple(errors)


@_cached
def qualified_name(value: str) -> Messages:
    """Label keys, annotation keys, finalizers, resource names: [prefix/]name."""
    parts = value.split("/")
    if len(parts) > 2:
        text = regex_error(f"a qualified name {_QUALIFIED_TEXT}", _QUALIFIED, "MyName", "my.name", "123-abc")
        return (f"{text} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",)
    errors: list[str] = []
    if len(parts) == 2:
        if not parts[0]:
            errors.append("prefix part must be non-empty")
        else:
            errors.extend(f"prefix part {message}" for message in dns1123_subdomain(parts[0]))
    name = parts[-1]
    if not name:
        errors.append("name part must be non-empty")
    elif len(name) > 63:
        errors.append("name part " + max_length(63))
    if not _qualified_re.fullmatch(name):
        errors.append("name part " + regex_error(_QUALIFIED_TEXT, _QUALIFIED, "MyName", "my.name", "123-abc"))
    return tuple(errors)


@_cached
def label_value(value: str) -> Messages:
    errors: list[str] = []
    if len(value) > 63:
        errors.append(max_length(63))
    if not _label_value_re.fullmatch(value):
        text = f"a valid label must be an empty string or consist of{_QUALIFIED_TEXT.removeprefix('must consist of')}"
        errors.append(regex_error(text, _LABEL_VALUE, "MyValue", "my_value", "12345"))
    return tuple(errors)


@_cached
def env_var_name(value: str) -> Messages:
    """Printable ASCII but "=" is what 1.33 lets in (RelaxedEnvironmentVariableValidation)."""
    if not value:
        return ("must be non-empty",)
    if all(" " <= char <= "~" and char != "=" for char in value):
        return ()
    return ("a valid environment variable name must consist only of printable ASCII characters other than '='",)


@_cached
def c_identifier(value: str) -> Messages:
    if _c_identifier_re.fullmatch(value):
        return ()
    text = (
        "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric "
        "characters or '_'"
    )
    return (regex_error(text, _C_IDENTIFIER, "my_name", "MY_NAME", "MyName"),)


@_cached
def config_map_key(value: str) -> Messages:
    errors: list[str] = []
    if len(value) > 253:
        errors.append(max_length(253))
    if not _config_key_re.fullmatch(value):
        text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        errors.append(regex_error(text, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    if value in (".", ".."):
        errors.append(f"must not be '{value}'")
    elif value.startswith(".."):
        errors.append("must not start with '..'")
    return tuple(errors)


@_cached
def port_name(value: str) -> Messages:
    errors: list[str] = []
    if len(value) > 15:
        errors.append(max_length(15))
    if not _port_chars_re.fullmatch(value):
        errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not any("a" <= char <= "z" for char in value):
        errors.append("must contain at least one letter (a-z)")
    if "--" in value:
        errors.append("must not contain consecutive hyphens")
    if value and (value[0] == "-" or value[-1] == "-"):
        errors.append("must not begin or end with a hyphen")
    return tuple(errors)


@_cached
def http_header(value: str) -> Messages:
    if _header_re.fullmatch(value):
        return ()
    text = "a valid HTTP header must consist of alphanumeric characters or '-'"
    return (regex_error(text, "[-A-Za-z0-9]+", "X-Header-Name"),)


@_cached
def percent(value: str) -> Messages:
    if _percent_re.fullmatch(value):
        return ()
    text = "a valid percent string must be a numeric string followed by an ending '%'"
    return (regex_error(text, "[0-9]+%", "1%", "93%"),)


@_cached
def ip_address(value: str) -> Messages:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return ("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",)
    return ()


@_cached
def cidr(value: str) -> Messages:
    if "/" in value:
        try:
            ipaddress.ip_interface(value)
        except ValueError:
            pass
        else:
            return ()
    return ("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",)


@_cached
def path_segment(value: str) -> Messages:
    """Names of RBAC objects, API services, CRs of loose kinds: anything that fits into one URL segment."""
    if value in (".", ".."):
        return (f"may not be '{value}'",)
    return tuple(f"may not contain '{char}'" for char in ("/", "%") if char in value)


def port_number(value: object) -> Messages:
    """Messages for a port that must lie in 1–65535."""
    if isinstance(value, int) and 1 <= value <= 65535:
        return ()
    return (in_range(1, 65535),)
