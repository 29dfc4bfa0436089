"""Names of templates."""

from minik8s.controllers.hashing import ALPHABET, compute_hash, fnv32a, safe_encode
from tests.unit.controllers.builders import template


def test_fnv_is_the_published_one() -> None:
    assert fnv32a(b"") == 0x811C9DC5
    assert fnv32a(b"foobar") == 0xBF9CF968


def test_safe_encode_as_upstream() -> None:
    assert safe_encode("0") == ALPHABET[48 % len(ALPHABET)]
    assert set(safe_encode("0123456789")) <= set(ALPHABET)


def test_same_template_same_name_and_a_collision_changes_it() -> None:
    assert compute_hash(template()) == compute_hash(template())
    assert compute_hash(template("web:2")) != compute_hash(template())
    assert len({compute_hash(template(), count) for count in (None, 0, 1, 2)}) == 4
