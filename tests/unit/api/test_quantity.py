"""Quantities: upstream's parsing, rounding and canonical form."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minik8s.api.quantity import Form, Quantity, canonical, parse_bytes, parse_cpu_millis


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"), ("100m", "100m"), ("1000m", "1"), ("0.5", "500m"), ("1.5Gi", "1536Mi"), ("1024Ki", "1Mi"),
        ("1023", "1023"), ("1000", "1k"), ("1e3", "1e3"), ("1E", "1E"), ("12E3", "12e3"), ("-1.5", "-1500m"),
        ("0.5Mi", "512Ki"), (".5", "500m"), ("5.", "5"), ("+3", "3"), ("1000k", "1M"), ("100u", "100u"),
        ("1.0000000001", "1000000001n"), ("0.0001Ki", "102400u"), ("1Ki", "1Ki"), ("1000Ki", "1000Ki"),
    ],
)  # fmt: skip
def test_canonical(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize("text", ["", "1.2.3", "Ki", "1ki", "1 Gi", " 1", "1e", "e3", "--1", "1MM", ".", "0x1", "1K"])
def test_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quantities must match the regular expression"):
        Quantity.parse(text)


def test_values_round_up() -> None:
    assert Quantity.parse("100m").value() == 1
    assert Quantity.parse("1500m").value() == 2
    assert Quantity.parse("1u").milli_value() == 1
    assert Quantity.parse("-1500m").value() == -2
    assert parse_cpu_millis("0.1") == 100 and parse_cpu_millis(2) == 2000
    assert parse_bytes("1Gi") == 1 << 30 and parse_bytes("1.5k") == 1500


def test_form_follows_the_first_operand_unless_it_is_zero() -> None:
    assert str(Quantity.parse("1Gi") + Quantity.parse("1Gi")) == "2Gi"
    assert str(Quantity.parse("0") + Quantity.parse("1Gi")) == "1Gi"
    assert (Quantity.parse("1Gi") - Quantity.parse("1Gi")).is_zero()


def test_huge_numbers_are_capped() -> None:
    assert Quantity.parse("9" * 30).value() == 2**63 - 1
    assert Quantity.parse("1e400").value() == 2**63 - 1


SUFFIXES = st.sampled_from(["", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "Ti", "e3", "E-2"])
NUMBERS = st.decimals(min_value=-9999, max_value=9999, places=3)


@given(NUMBERS, SUFFIXES)
def test_canonical_form_means_the_same(number: Decimal, suffix: str) -> None:
    quantity = Quantity.parse(f"{number:f}{suffix}")
    assert Quantity.parse(str(quantity)) == quantity
    assert canonical(str(quantity)) == str(quantity)


@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
def test_arithmetic_is_exact(a: int, b: int) -> None:
    one, two = Quantity.of_millis(a), Quantity.of_millis(b)
    assert (one + two).milli_value() == a + b and (one - two).milli_value() == a - b
    assert (one < two) == (a < b) and (one == two) == (a == b)


@given(st.integers(1, 10**9))
def test_binary_has_no_fraction(units: int) -> None:
    text = str(Quantity.of(units * 1024, Form.BINARY))
    assert "." not in text and Quantity.parse(text).value() == units * 1024
