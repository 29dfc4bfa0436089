"""Short names for templates: a 32-bit FNV hash in an alphabet that spells no words.

Mirrors ComputeHash in upstream's pkg/controller/controller_utils.go and SafeEncodeString in apimachinery's util/rand.
Upstream hashes a dump of the Go struct; here the canonical JSON of the template is hashed, so the same template gets
another name than upstream would give it. What matters holds: same template, same name; and on a collision the next
`collision_count` gives another.
"""

import orjson

from minik8s.api import core

#: no vowels, and nothing that reads as one
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def fnv32a(data: bytes, state: int = 2166136261) -> int:
    for byte in data:
        state = ((state ^ byte) * 16777619) & 0xFFFFFFFF
    return state


def safe_encode(text: str) -> str:
    """Each character replaced by one of the alphabet: no accidental words in object names."""
    return "".join(ALPHABET[ord(char) % len(ALPHABET)] for char in text)


def compute_hash(template: core.PodTemplateSpec, collision_count: int | None = None) -> str:
    """The pod-template-hash of a template."""
    state = fnv32a(orjson.dumps(template.to_dict(), option=orjson.OPT_SORT_KEYS))
    if collision_count is not None:
        state = fnv32a(collision_count.to_bytes(8, "little"), state)
    return safe_encode(str(state))
