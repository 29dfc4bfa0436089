"""Validating webhooks: all at once; one refusal is enough.

Mirrors webhook/validating/dispatcher.go. Every hook is asked, whatever the others say; of several refusals the first
one (in the hooks' order) is answered.
"""

from __future__ import annotations

import asyncio

from minik8s.apiserver.admission.base import Attributes
from minik8s.apiserver.webhooks.plugin import WebhookPlugin


class ValidatingWebhooks(WebhookPlugin):
    """The ValidatingAdmissionWebhook plugin."""

    mutating = False
    step = "validating"

    async def validate(self, attrs: Attributes) -> None:
        chosen = []
        for hook, seen_as in await self.routes(attrs):
            if await self.selected(hook, attrs):
                request = await self.question(hook, seen_as, attrs)
                if request is not None:
                    chosen.append((hook, request))
        if len(chosen) == 1:
            await self.observed(*chosen[0], attrs)
            return
        calls = (self.observed(hook, request, attrs) for hook, request in chosen)
        for outcome in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
