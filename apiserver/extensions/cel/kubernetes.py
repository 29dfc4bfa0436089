"""Kubernetes' own CEL libraries: lists, sets, URLs, quantities, IP addresses, CIDRs.

Mirrors apiserver/pkg/cel/library/{lists,urls,quantity,ip,cidr}.go and cel-go's ext/sets. Left out: semver, the
format.named formats, the authorizer.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import SplitResult, parse_qs, quote, urlsplit

from minik8s.api.quantity import Quantity
from minik8s.apiserver.extensions.cel import operators
from minik8s.apiserver.extensions.cel.functions import Function, expect, overload
from minik8s.apiserver.extensions.cel.values import CelError, is_number

# -- lists and sets --------------------------------------------------------------------------------------------------


def _sum(values: Any) -> Any:
    total: Any = None
    for value in expect(values, list):
        total = value if total is None else operators.add(total, value)
    return 0 if total is None else total


def _extreme(better: Callable[[Any, Any], bool], name: str) -> Callable[[Any], Any]:
    choose = operators.ordered(better)

    def call(values: Any) -> Any:
        if not expect(values, list):
            raise CelError(f"{name} called on empty list")
        best = values[0]
        for value in values[1:]:
            best = value if choose(value, best) else best
        return best

    return call


_at_most = operators.ordered(lambda left, right: left <= right)


def _is_sorted(values: Any) -> bool:
    return all(_at_most(left, right) for left, right in zip(values, expect(values, list)[1:], strict=False))


def _subset(values: Any, of: Any) -> bool:
    _bounded(values, of)
    return all(operators.contains(of, value) for value in values)


def _bounded(left: Any, right: Any) -> None:
    """Sets compare each with each: products of lengths are bounded like any other work."""
    if len(expect(left, list)) * len(expect(right, list)) > 250_000:
        raise CelError("operation cancelled: actual cost limit exceeded")


def _intersect(left: Any, right: Any) -> bool:
    _bounded(left, right)
    return any(operators.contains(right, value) for value in left)


def _distinct(values: Any) -> list[Any]:
    found: list[Any] = []
    _bounded(values, values)
    for value in values:
        if not operators.contains(found, value):
            found.append(value)
    return found


# -- URLs ------------------------------------------------------------------------------------------------------------


def _parse_url(text: Any) -> SplitResult:
    try:
        parts: SplitResult = urlsplit(expect(text, str))
        assert parts.port is None or parts.port >= 0
    except (ValueError, AssertionError) as error:
        raise CelError(f"URL parse error during conversion from string: {error}") from None
    if not parts.scheme and not text.startswith("/"):
        raise CelError(f'URL parse error during conversion from string: parse "{text}": invalid URI for request')
    return parts


def _host(url: SplitResult) -> str:
    return url.netloc.rpartition("@")[2]


def _of_url(read: Callable[[SplitResult], Any], result: str = "string") -> Function:
    return Function(lambda url: read(expect(url, SplitResult)), 1, 1, result, "method")


def _hostname(url: SplitResult) -> str:
    host = _host(url)
    return host[1 : host.index("]")] if host.startswith("[") else host.partition(":")[0]


# -- quantities ------------------------------------------------------------------------------------------------------


def _quantity(text: Any) -> Quantity:
    try:
        return Quantity.parse(expect(text, str))
    except ValueError as error:
        raise CelError(f"quantities must match the regular expression: {error}") from None


def _is_valid(parse: Callable[[Any], Any]) -> Function:
    def call(text: Any) -> bool:
        try:
            parse(expect(text, str))
        except CelError:
            return False
        return True

    return Function(call, 1, 1, "bool", "function")


def _other(value: Any) -> Quantity:
    if isinstance(value, int) and not isinstance(value, bool):
        return Quantity.parse(str(value))
    return expect(value, Quantity)  # type: ignore[no-any-return]


def _amount(quantity: Any) -> Decimal:
    return Decimal(expect(quantity, Quantity).nanos) / 10**9


def _as_integer(quantity: Any) -> int:
    amount = _amount(quantity)
    if amount != int(amount):
        raise CelError("cannot convert value to integer")
    return operators.checked(int(amount))


def _is_greater(left: Any, right: Any) -> bool:
    """Quantities by amount, IP addresses have no order."""
    return bool(expect(left, Quantity) > expect(right, Quantity))


def _compare(left: Any, right: Any) -> int:
    first, second = expect(left, Quantity), expect(right, Quantity)
    return int(first > second) - int(first < second)


# -- addresses -------------------------------------------------------------------------------------------------------

_ADDRESSES = (ipaddress.IPv4Address, ipaddress.IPv6Address)
_NETWORKS = (ipaddress.IPv4Interface, ipaddress.IPv6Interface)


def _ip(value: Any) -> Any:
    if isinstance(value, _NETWORKS):
        return value.ip
    try:
        address = ipaddress.ip_address(expect(value, str))
    except ValueError:
        raise CelError(
            f'IP Address "{value}" parse error during conversion from string: ParseAddr("{value}")'
        ) from None
    if "%" in value or (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped):
        raise CelError(f'IP Address "{value}" with zone value or IPv4-mapped address is not allowed')
    return address


def _cidr(value: Any) -> Any:
    try:
        if "/" not in expect(value, str):
            raise ValueError
        return ipaddress.ip_interface(value)
    except ValueError:
        raise CelError(f'network address parse error during conversion from string: "{value}"') from None


_LOCAL_MULTICAST = {4: ipaddress.ip_network("224.0.0.0/24"), 6: ipaddress.ip_network("ff02::/16")}


def _is_global(address: Any) -> bool:
    if address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local:
        return False
    return str(address) != "255.255.255.255"


def _of_ip(read: Callable[[Any], Any], result: str = "bool") -> Function:
    return Function(lambda value: read(expect(value, *_ADDRESSES)), 1, 1, result, "method")


def _contains_ip(network: Any, value: Any) -> bool:
    address = _ip(value) if isinstance(value, str) else expect(value, *_ADDRESSES)
    return bool(address in expect(network, *_NETWORKS).network)


def _contains_cidr(network: Any, value: Any) -> bool:
    inner = _cidr(value) if isinstance(value, str) else expect(value, *_NETWORKS)
    outer = expect(network, *_NETWORKS)
    return bool(outer.version == inner.version and inner.network.subnet_of(outer.network))


def _absolute(value: Any) -> Any:
    if not is_number(value):
        raise overload()
    return abs(value)


def _best(choose: Callable[..., Any]) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        given = values[0] if len(values) == 1 and isinstance(values[0], list) else list(values)
        if not given or not all(is_number(value) for value in given):
            raise overload()
        return choose(given)

    return call


FUNCTIONS: dict[str, Function] = {
    "sum": Function(_sum, 1, 1, None, "method"),
    "min": Function(_extreme(lambda left, right: left < right, "min"), 1, 1, None, "method"),
    "max": Function(_extreme(lambda left, right: left > right, "max"), 1, 1, None, "method"),
    "isSorted": Function(_is_sorted, 1, 1, "bool", "method"),
    "distinct": Function(_distinct, 1, 1, "list", "method"),
    "reverse": Function(lambda value: expect(value, list, str)[::-1], 1, 1, None, "method"),
    "sets.contains": Function(lambda values, part: _subset(part, values), 2, 2, "bool"),
    "sets.equivalent": Function(lambda left, right: _subset(left, right) and _subset(right, left), 2, 2, "bool"),
    "sets.intersects": Function(_intersect, 2, 2, "bool"),
    "math.greatest": Function(_best(max), 1, 8),
    "math.least": Function(_best(min), 1, 8),
    "math.abs": Function(_absolute, 1, 1),
    "url": Function(_parse_url, 1, 1, None, "function"),
    "isURL": _is_valid(_parse_url),
    "getScheme": _of_url(lambda url: url.scheme),
    "getHost": _of_url(_host),
    "getHostname": _of_url(_hostname),
    "getPort": _of_url(lambda url: str(url.port) if url.port is not None else ""),
    "getEscapedPath": _of_url(lambda url: quote(url.path, safe="/%:@!$&'()*+,;=~-._")),
    "getQuery": _of_url(lambda url: parse_qs(url.query, keep_blank_values=True), "map"),
    "quantity": Function(_quantity, 1, 1, None, "function"),
    "isQuantity": _is_valid(_quantity),
    "isInteger": Function(lambda q: _amount(q) == int(_amount(q)) and abs(_amount(q)) < 2**63, 1, 1, "bool", "method"),
    "asInteger": Function(_as_integer, 1, 1, "int", "method"),
    "asApproximateFloat": Function(lambda quantity: float(_amount(quantity)), 1, 1, "double", "method"),
    "sign": Function(lambda quantity: (_amount(quantity) > 0) - (_amount(quantity) < 0), 1, 1, "int", "method"),
    "add": Function(lambda left, right: expect(left, Quantity) + _other(right), 2, 2, None, "method"),
    "sub": Function(lambda left, right: expect(left, Quantity) - _other(right), 2, 2, None, "method"),
    "isGreaterThan": Function(_is_greater, 2, 2, "bool", "method"),
    "isLessThan": Function(lambda left, right: _is_greater(right, left), 2, 2, "bool", "method"),
    "compareTo": Function(_compare, 2, 2, "int", "method"),
    "ip": Function(_ip, 1, 1),
    "isIP": _is_valid(_ip),
    "ip.isCanonical": Function(lambda text: str(_ip(text)) == text, 1, 1, "bool"),
    "family": _of_ip(lambda address: address.version, "int"),
    "isUnspecified": _of_ip(lambda address: address.is_unspecified),
    "isLoopback": _of_ip(lambda address: address.is_loopback),
    "isLinkLocalMulticast": _of_ip(lambda a: a in _LOCAL_MULTICAST[a.version]),
    "isLinkLocalUnicast": _of_ip(lambda address: address.is_link_local),
    "isGlobalUnicast": _of_ip(
        _is_global
    ),
    "cidr": Function(_cidr, 1, 1, None, "function"),
    "isCIDR": _is_valid(_cidr),
    "containsIP": Function(_contains_ip, 2, 2, "bool", "method"),
    "containsCIDR": Function(_contains_cidr, 2, 2, "bool", "method"),
    "prefixLength": Function(lambda cidr: expect(cidr, *_NETWORKS).network.prefixlen, 1, 1, "int", "method"),
    "masked": Function(lambda c: ipaddress.ip_interface(str(expect(c, *_NETWORKS).network)), 1, 1, None, "method"),
}  # fmt: skip
