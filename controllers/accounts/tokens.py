"""Tokens in Secrets: fills Secrets of type kubernetes.io/service-account-token, and makes one for each account.

Mirrors upstream's pkg/controller/serviceaccount/tokens_controller.go. Since 1.24 upstream makes no Secret by itself any
more; up to 1.23 it did, and clients of that age (the 1.20 end-to-end tests among them) wait for it. So it is made here,
unless `--feature-gates=LegacyServiceAccountTokenNoAutoGeneration=true` says otherwise.

Invariants
    - A Secret is deleted only after a live read said that its account is gone, and only that Secret (uid).
    - A token is signed once; what has a token is left alone.
"""

import base64
from contextlib import suppress
from typing import Any

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.api.status import ApiError, Conflict, NotFound
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.accounts.signing import TokenSigner, legacy_claims
from minik8s.controllers.context import Context
from minik8s.controllers.pod_control import is_namespace_terminating
from minik8s.controllers.suffix import random_suffix

TOKEN_TYPE = "kubernetes.io/service-account-token"
ACCOUNT_NAME = "kubernetes.io/service-account.name"
ACCOUNT_UID = "kubernetes.io/service-account.uid"


def account_index(secret: core.Secret) -> list[str]:
    """Index function: token Secrets by the account that they are for."""
    name = secret.metadata.annotations.get(ACCOUNT_NAME)
    return [f"{secret.metadata.namespace}/{name}"] if secret.type == TOKEN_TYPE and name else []


def belongs_to(secret: core.Secret, account: core.ServiceAccount) -> bool:
    """By name, and by uid where the Secret has one."""
    notes = secret.metadata.annotations
    return notes.get(ACCOUNT_NAME) == account.metadata.name and notes.get(ACCOUNT_UID, "") in ("", account.metadata.uid)


def compute_data(secret: core.Secret, root_ca: bytes, sign: Any) -> dict[str, str]:
    """The Secret's data, completed: token, namespace, ca.crt. `sign` is called only if there is no token yet."""
    data = dict(secret.data)
    if root_ca:
        data["ca.crt"] = base64.b64encode(root_ca).decode()
    data.setdefault("namespace", base64.b64encode(secret.metadata.namespace.encode()).decode())
    if not data.get("token"):
        data["token"] = base64.b64encode(sign().encode()).decode()
    return data


class TokenController(Controller):
    """Keys are accounts, `namespace/name`."""

    name = "serviceaccount-token"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client, workers=context.options.concurrent(self.name, 5))
        self.signer = TokenSigner(context.options.service_account_private_key_file)
        self.root_ca = context.root_ca()
        self.auto = context.options.legacy_token_secrets
        self.accounts: Informer[core.ServiceAccount] = self.use(context.informer(core.ServiceAccount))
        self.secrets: Informer[core.Secret] = self.use(
            context.informer(core.Secret, {"account": account_index}, field_selector=f"type={TOKEN_TYPE}")
        )
        self.accounts.add_handler(lambda event, old, new: self.enqueue(new or old))
        self.secrets.add_handler(self._on_secret)

    def _on_secret(self, event: str, old: core.Secret | None, new: core.Secret | None) -> None:
        for secret in (old, new):
            for key in account_index(secret) if secret is not None else []:
                self.enqueue(key)

    async def reconcile(self, key: str) -> float | None:
        account = self.accounts.get(key)
        secrets = self.secrets.by_index("account", key)
        stray = [secret for secret in secrets if account is None or not belongs_to(secret, account)]
        if stray:
            await self._delete_strays(key, stray)
        if account is None or account.metadata.deletion_timestamp is not None:
            return None
        own = [secret for secret in secrets if belongs_to(secret, account)]
        for secret in own:
            await self._fill(account, secret)
        await self._sync_references(account, own)
        return None

    async def _delete_strays(self, key: str, strays: list[core.Secret]) -> None:
        """Their account is gone, says the cache; ask the server before deleting anything."""
        namespace, _, name = key.partition("/")
        try:
            live: core.ServiceAccount | None = await self.client.get(core.ServiceAccount, name, namespace)
        except NotFound:
            live = None
        for secret in strays:
            if live is not None and belongs_to(secret, live):
                continue
            try:
                await self.client.delete(core.Secret, secret.metadata.name, namespace, uid=secret.metadata.uid)
            except (NotFound, Conflict):
                continue

    async def _fill(self, account: core.ServiceAccount, secret: core.Secret) -> None:
        data = compute_data(secret, self.root_ca, lambda: self.signer.sign(legacy_claims(account, secret)))
        notes = {**secret.metadata.annotations, ACCOUNT_UID: account.metadata.uid}
        if data == secret.data and notes == secret.metadata.annotations:
            return
        changed = secret.model_copy(deep=True)
        changed.data, changed.metadata.annotations = data, notes
        with suppress(NotFound):
            await self.client.update(changed)

    async def _sync_references(self, account: core.ServiceAccount, own: list[core.Secret]) -> None:
        """One token Secret, listed in the account's `secrets`."""
        if not self.auto:
            return
        names = {secret.metadata.name for secret in own}
        listed = [ref.name for ref in account.secrets]
        if any(name in names for name in listed):
            return
        try:
            live = await self.client.get(core.ServiceAccount, account.metadata.name, account.metadata.namespace)
        except NotFound:
            return
        if live.metadata.resource_version != account.metadata.resource_version:
            return  # the cache is behind; its next event brings us back
        # after a crash between the two writes a token may lie there unlisted: it is taken up
        name = next(iter(sorted(names)), None) or await self._create_secret(account)
        if name is not None:
            kept = [ref for ref in live.secrets if not (ref.name or "").startswith(f"{account.metadata.name}-token-")]
            changed = live.model_copy(update={"secrets": [*kept, core.ObjectReference(name=name)]})
            with suppress(NotFound):
                await self.client.update(changed)

    async def _create_secret(self, account: core.ServiceAccount) -> str | None:
        meta = ObjectMeta(
            name=f"{account.metadata.name}-token-{random_suffix()}",
            namespace=account.metadata.namespace,
            annotations={ACCOUNT_NAME: account.metadata.name, ACCOUNT_UID: account.metadata.uid},
        )
        secret = core.Secret(metadata=meta, type=TOKEN_TYPE)
        secret.data = compute_data(secret, self.root_ca, lambda: self.signer.sign(legacy_claims(account, secret)))
        try:
            return (await self.client.create(secret)).metadata.name
        except ApiError as error:
            if is_namespace_terminating(error):
                return None
            raise
