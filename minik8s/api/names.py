"""What a name may look like: the checks for labels, object names and qualified names, with upstream's messages.

Mirrors apimachinery pkg/util/validation/validation.go (v1.33). Each function answers a list of complaints, empty when
the value is good, for a caller to join with "; " or to turn into field errors.
"""

import re

_DNS_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS_SUBDOMAIN = rf"{_DNS_LABEL}(\.{_DNS_LABEL})*"
_DNS_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_PORT_NAME = re.compile("[-a-z0-9]+")

_COMPILED = {pattern: re.compile(pattern) for pattern in (
    _DNS_LABEL, _DNS_SUBDOMAIN, _DNS_1035, _QUALIFIED, _LABEL_VALUE, _CONFIG_KEY
)}  # fmt: skip

EMPTY = "must be non-empty"


def max_length(length: int) -> str:
    return f"must be no more than {length} bytes"


def _regex_error(message: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{message} (e.g. {shown}regex used for validation is '{pattern}')"


def _matches(pattern: str, value: str) -> bool:
    return _COMPILED[pattern].fullmatch(value) is not None


_SUBDOMAIN_ERROR = _regex_error(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character",
    _DNS_SUBDOMAIN,
    "example.com",
)
_LABEL_ERROR = _regex_error(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character",
    _DNS_LABEL,
    "my-name",
    "123-abc",
)
_DNS_1035_ERROR = _regex_error(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character",
    _DNS_1035,
    "my-name",
    "abc-123",
)
_QUALIFIED_ERROR = _regex_error(
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    _QUALIFIED,
    "MyName",
    "my.name",
    "123-abc",
)
_LABEL_VALUE_ERROR = _regex_error(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character",
    _LABEL_VALUE,
    "MyValue",
    "my_value",
    "12345",
)
_CONFIG_KEY_ERROR = _regex_error(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'", _CONFIG_KEY, "key.name", "KEY_NAME",
    "key-name",
)  # fmt: skip


def dns1123_subdomain(value: str) -> list[str]:
    """The name of most objects: `web-1.example`."""
    errors = [max_length(253)] if len(value) > 253 else []
    return errors if _matches(_DNS_SUBDOMAIN, value) else [*errors, _SUBDOMAIN_ERROR]


def dns1123_label(value: str) -> list[str]:
    """The name of a namespace, container or port: no dots."""
    errors = [max_length(63)] if len(value) > 63 else []
    if _matches(_DNS_LABEL, value):
        return errors
    if _matches(_DNS_SUBDOMAIN, value):
        return [*errors, "must not contain dots"]
    return [*errors, _LABEL_ERROR]


def dns1035_label(value: str) -> list[str]:
    """The name of a Service: starts with a letter."""
    errors = [max_length(63)] if len(value) > 63 else []
    return errors if _matches(_DNS_1035, value) else [*errors, _DNS_1035_ERROR]


def qualified_name(value: str) -> list[str]:
    """A label or annotation key: `name` or `example.com/name`."""
    parts = value.split("/")
    if len(parts) > 2:
        hint = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return [f"a qualified name {_QUALIFIED_ERROR} {hint}"]
    errors = []
    if len(parts) == 2:
        complaints = dns1123_subdomain(parts[0]) if parts[0] else [EMPTY]
        errors += [f"prefix part {complaint}" for complaint in complaints]
    name = parts[-1]
    if not name:
        errors.append(f"name part {EMPTY}")
    elif len(name) > 63:
        errors.append(f"name part {max_length(63)}")
    return errors if _matches(_QUALIFIED, name) else [*errors, f"name part {_QUALIFIED_ERROR}"]


def label_value(value: str) -> list[str]:
    """A label's value: empty or up to 63 characters."""
    errors = [max_length(63)] if len(value) > 63 else []
    return errors if _matches(_LABEL_VALUE, value) else [*errors, _LABEL_VALUE_ERROR]


def config_map_key(value: str) -> list[str]:
    """A key of a ConfigMap or Secret: it becomes a file's name."""
    errors = [max_length(253)] if len(value) > 253 else []
    if not _matches(_CONFIG_KEY, value):
        return [*errors, _CONFIG_KEY_ERROR]
    if value == ".":
        return [*errors, "must not be '.'"]
    if value == "..":
        return [*errors, "must not be '..'"]
    return [*errors, "must not start with '..'"] if value.startswith("..") else errors


def port_name(value: str) -> list[str]:
    """The name of a container's or service's port (IANA_SVC_NAME)."""
    errors = [max_length(15)] if len(value) > 15 else []
    if not _PORT_NAME.fullmatch(value):
        errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        errors.append("must contain at least one letter (a-z)")
    if "--" in value:
        errors.append("must not contain consecutive hyphens")
    if value and (value[0] == "-" or value[-1] == "-"):
        errors.append("must not begin or end with a hyphen")
    return errors


def port_number(value: int) -> list[str]:
    return [] if 1 <= value <= 65535 else ["must be between 1 and 65535, inclusive"]
