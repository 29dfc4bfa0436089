"""Service account tokens for projected volumes: asked for, kept, and renewed before they expire.

Mirrors upstream pkg/kubelet/token/token_manager.go: a token is renewed when 80 % of its life has passed or after 24
hours; while the API server cannot be asked, the old one serves as long as it is valid.
"""

from __future__ import annotations

from dataclasses import dataclass

from minik8s.api import core
from minik8s.api.meta import parse_time
from minik8s.api.status import ApiError
from minik8s.client.log import get_logger
from minik8s.client.rest import Client
from minik8s.clock import Clock
from minik8s.kubelet.volumes.payload import VolumeError

log = get_logger(__name__)
MAX_AGE = 24 * 3600.0


@dataclass(frozen=True)
class _Token:
    text: str
    issued: float
    expires: float

    def wants_renewal(self, now: float) -> bool:
        return now - self.issued > MAX_AGE or now > self.expires - 0.2 * (self.expires - self.issued)


class TokenManager:
    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._tokens: dict[tuple[str, str, int], _Token] = {}

    async def get(self, pod: core.Pod, audience: str, seconds: int) -> str:
        key, now = (pod.metadata.uid, audience, seconds), self._clock.now()
        known = self._tokens.get(key)
        if known and not known.wants_renewal(now):
            return known.text
        try:
            known = self._tokens[key] = await self._request(pod, audience, seconds, now)
        except (ApiError, OSError) as exc:
            if known is None or now >= known.expires:
                raise VolumeError(f"failed to fetch token: {exc}") from exc
            log.warning("token not renewed yet", pod=f"{pod.metadata.namespace}/{pod.metadata.name}", error=str(exc))
        return known.text

    def forget(self, uid: str) -> None:
        for key in [key for key in self._tokens if key[0] == uid]:
            del self._tokens[key]

    async def _request(self, pod: core.Pod, audience: str, seconds: int, now: float) -> _Token:
        meta = pod.metadata
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {
                "audiences": [audience] if audience else [],
                "expirationSeconds": seconds,
                "boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": meta.name, "uid": meta.uid},
            },
        }
        account = pod.spec.service_account_name or "default"
        answer = await self._client.create_subresource(core.ServiceAccount, account, meta.namespace, "token", request)
        status = answer["status"]
        return _Token(status["token"], now, parse_time(status["expirationTimestamp"]))
