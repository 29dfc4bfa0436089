"""Time-sliced sharing: one card offered several times.

Mirrors NVIDIA k8s-device-plugin's `sharing.timeSlicing` (annotated ids `UUID::replica`, as its internal/rm/devices.go
writes them) and its distributed allocation (internal/rm/allocate.go): a container that asks for several gets distinct
cards as long as there are any, and the least shared cards go first. Sharing is in time only: memory is not divided, and
one container's crash may harm the others on the card.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from minik8s.kubelet.devices.ledger import Device, Need

MARK = "::"


def replicate(devices: Iterable[Device], replicas: int) -> list[Device]:
    """Every device `replicas` times; with one, as they are."""
    if replicas <= 1:
        return list(devices)
    return [replace(device, uuid=f"{device.uuid}{MARK}{n}") for device in devices for n in range(replicas)]


def card_of(identifier: str) -> str:
    return identifier.partition(MARK)[0]


def cards_of(identifiers: Iterable[str]) -> tuple[str, ...]:
    """The distinct cards, in order."""
    return tuple(dict.fromkeys(card_of(identifier) for identifier in identifiers))


def spread(need: Need, replicas: int, order: Sequence[str]) -> list[str]:
    """Replicas on distinct cards first, and on the cards with the fewest sharers. `order`: cards by number."""
    chosen = list(need.must)[: need.size]
    free = [identifier for identifier in need.available if identifier not in chosen]
    busy = Counter(dict.fromkeys(order, replicas))
    busy.subtract(card_of(identifier) for identifier in free)
    place = {card: at for at, card in enumerate(order)}
    while len(chosen) < need.size and free:
        mine = Counter(card_of(identifier) for identifier in chosen)
        pick = min(free, key=lambda i: (mine[card_of(i)], busy[card_of(i)], place.get(card_of(i), len(place)), i))
        busy[card_of(pick)] += 1
        chosen.append(pick)
        free.remove(pick)
    return chosen
