"""Who makes a request (mirrors staging/src/k8s.io/apiserver/pkg/authentication/user)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ALL_AUTHENTICATED = "system:authenticated"
ALL_UNAUTHENTICATED = "system:unauthenticated"
MASTERS = "system:masters"


@dataclass(frozen=True, slots=True)
class User:
    """An authenticated identity. ``groups`` already holds system:authenticated."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, list[str]] = field(default_factory=dict)

    def to_user_info(self) -> dict[str, Any]:
        """The wire form used by TokenReview, SelfSubjectReview and admission reviews."""
        info: dict[str, Any] = {"username": self.name}
        if self.uid:
            info["uid"] = self.uid
        if self.groups:
            info["groups"] = list(self.groups)
        if self.extra:
            info["extra"] = {key: list(values) for key, values in self.extra.items()}
        return info


LOOPBACK = User("system:apiserver", groups=(MASTERS, ALL_AUTHENTICATED))
"""The server itself, when it writes its own objects (bootstrap, service repair)."""
