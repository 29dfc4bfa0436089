"""ObjectMeta's system fields: what the server itself writes into metadata on create and guards on update.

Mirrors staging/src/k8s.io/apiserver/pkg/registry/rest/{create,update,meta}.go and pkg/storage/names. Validation of
names, labels, annotations and owner references belongs to the strategies.

Invariant: functions change the metadata they are given in place, and nothing else.
"""

from __future__ import annotations

import random
from typing import Any

from minik8s.api.meta import format_time
from minik8s.api.status import ApiError, BadRequest, Conflict

NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # no vowels, no 0 1 3: never a word, never misread
SUFFIX_LENGTH = 5
MAX_GENERATED_NAME = 63
NAMESPACE_MISMATCH = "the namespace of the provided object does not match the namespace sent on the request"

#: Seeded by the system once: names and uids must not repeat, they need not be secret (and a read of the system's
#: randomness for each costs more than the rest of this module).
_random = random.Random(random.SystemRandom().getrandbits(256))


def generate_name(base: str) -> str:
    """``base`` (cut to leave room) and five random characters."""
    return base[: MAX_GENERATED_NAME - SUFFIX_LENGTH] + "".join(_random.choices(NAME_ALPHABET, k=SUFFIX_LENGTH))


def new_uid() -> str:
    """A random UUID (version 4)."""
    digits = f"{_random.getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def check_namespace(obj: dict[str, Any], namespaced: bool, namespace: str) -> None:
    """The object's namespace is the request's, or empty (then it is filled in); cluster-scoped objects have none."""
    meta = obj["metadata"]
    if not namespaced:
        meta.pop("namespace", None)
        return
    given = meta.get("namespace")
    if given and given != namespace:
        raise BadRequest(NAMESPACE_MISMATCH)
    meta["namespace"] = namespace


def ensure_name(meta: dict[str, Any]) -> None:
    """Make a name from generateName where none was given."""
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = generate_name(meta["generateName"])


def fill_system_fields(meta: dict[str, Any], now: float) -> None:
    """What no creator may choose: uid, creationTimestamp; deletion marks and selfLink are dropped."""
    for key in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        meta.pop(key, None)
    if meta.pop("resourceVersion", None) not in (None, "", "0"):
        raise ApiError("resourceVersion should not be set on objects to be created")
    meta["uid"] = new_uid()
    meta["creationTimestamp"] = format_time(now)


def start_generation(meta: dict[str, Any], keeps_generation: bool) -> None:
    """Kinds with a desired state begin at generation 1, the others have none."""
    if keeps_generation:
        meta["generation"] = 1
    else:
        meta.pop("generation", None)


def carry_system_fields(meta: dict[str, Any], old_meta: dict[str, Any]) -> None:
    """An update that leaves out a field of the server's keeps it; selfLink is not kept, managedFields are tracked."""
    for key in ("uid", "creationTimestamp"):
        if not meta.get(key) and key in old_meta:
            meta[key] = old_meta[key]
    for key in ("deletionTimestamp", "deletionGracePeriodSeconds"):
        if old_meta.get(key) is not None:
            meta[key] = old_meta[key]
        else:
            meta.pop(key, None)
    meta.pop("selfLink", None)
    if old_meta.get("generateName") and "generateName" not in meta:
        meta["generateName"] = old_meta["generateName"]


def check_uid_precondition(resource: str, name: str, meta: dict[str, Any], old_meta: dict[str, Any]) -> None:
    """A PUT that names a uid means that very object."""
    wanted, found = meta.get("uid"), old_meta.get("uid")
    if wanted and wanted != found:
        raise Conflict.of(resource, name, precondition_uid(wanted, found or ""))


def precondition_uid(wanted: str, found: str) -> str:
    """Upstream's storage precondition text, as a PUT or PATCH shows it."""
    return f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
