"""Random endings for names that a controller must know before it creates the object.

Mirrors apimachinery's names.SimpleNameGenerator: five characters of the safe alphabet.
"""

import random

from minik8s.controllers.hashing import ALPHABET


def random_suffix(length: int = 5) -> str:
    return "".join(random.choices(ALPHABET, k=length))
