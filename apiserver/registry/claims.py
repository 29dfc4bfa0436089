"""Raw keys taken once, over the store: how Service addresses and node ports stay unique (strategy.Claims)."""

from __future__ import annotations

from minik8s.apiserver.storage.base import Store


class StoreClaims:
    """Claims kept as plain keys; they are no API objects and no cache shows them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def claim(self, key: str, value: bytes) -> bool:
        return (await self._store.txn(key, value, expected=0)).succeeded

    async def claimed(self, key: str) -> bytes | None:
        found = await self._store.get(key)
        return found.value if found else None

    async def release(self, key: str, value: bytes | None = None) -> None:
        found = await self._store.get(key)
        if found is None or (value is not None and found.value != value):
            return
        await self._store.txn(key, None, expected=found.mod_revision)

    async def list(self, prefix: str) -> list[str]:
        return [found.key for found in (await self._store.list(prefix)).kvs]
