"""Mutating webhooks: one after the other, each sees what those before it made of the object.

Mirrors webhook/mutating/{dispatcher,reinvocationcontext}.go. After a webhook has changed the object, the whole chain of
admission runs once more; then only webhooks with ``reinvocationPolicy: IfNeeded`` are asked, and of those only the ones
whose turn came before somebody else's change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from minik8s.api.status import ApiError, InternalError
from minik8s.apiserver.admission.base import Attributes
from minik8s.apiserver.patch import json_patch
from minik8s.apiserver.webhooks.configuration import Hook
from minik8s.apiserver.webhooks.plugin import WebhookPlugin, is_whole

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind

JsonObject = dict[str, Any]


@dataclass(slots=True)
class Reinvocation:
    """What the first round leaves to the second."""

    asked: set[str] = field(default_factory=set)  #: reinvocable hooks that have had their turn
    again: set[str] = field(default_factory=set)  #: of those, the ones after whom something changed
    output: bytes = b""  #: the object after the last webhook

    def changed(self) -> None:
        self.again |= self.asked
        self.asked.clear()


class MutatingWebhooks(WebhookPlugin):
    """The MutatingAdmissionWebhook plugin."""

    mutating = True
    step = "admit"

    async def mutate(self, attrs: Attributes) -> None:
        routes = await self.routes(attrs)
        if not routes:
            return
        state = attrs.reinvocation
        if state is None:
            state = attrs.reinvocation = Reinvocation()
        if attrs.reinvoking and state.output != orjson.dumps(attrs.obj):
            state.changed()  # the built-in plugins have changed it in between
        for hook, seen_as in routes:
            if attrs.reinvoking and hook.uid not in state.again:
                continue
            if not await self.selected(hook, attrs):
                continue
            if await self._call(hook, seen_as, attrs):
                state.changed()
                attrs.reinvoke = True
            if hook.reinvoke:
                state.asked.add(hook.uid)
        state.output = orjson.dumps(attrs.obj)

    async def _call(self, hook: Hook, seen_as: Kind, attrs: Attributes) -> bool:
        """Ask one hook and apply its patch; True where that changed the object."""
        request = await self.question(hook, seen_as, attrs)
        if request is None:
            return False
        verdict = await self.observed(hook, request, attrs)
        if verdict is None or not verdict.patch:
            return False
        if request["object"] is None or attrs.obj is None:
            text = "attempted to modify the object, which is not supported for this operation"
            raise InternalError.of(f'admission webhook "{hook.name}" {text}')
        patched = self._apply(request["object"], verdict.patch)
        return await self._take_over(patched, seen_as, attrs)

    @staticmethod
    def _apply(obj: JsonObject, patch: list[Any]) -> JsonObject:
        try:
            patched = json_patch.apply(obj, patch)
        except ApiError as error:
            raise InternalError.of(error.message) from None
        if not isinstance(patched, dict) or not isinstance(patched.get("metadata", {}), dict):
            raise InternalError.of("the patch does not leave an object")
        return patched

    async def _take_over(self, patched: JsonObject, seen_as: Kind, attrs: Attributes) -> bool:
        assert attrs.obj is not None
        versions = self._services.versions
        if is_whole(attrs):
            try:
                patched = versions.decode(patched, seen_as)
            except ApiError as error:
                raise InternalError.of(error.message) from None
            if seen_as is not attrs.kind:
                patched = await versions.convert(patched, seen_as, attrs.kind)
        if patched == attrs.obj:
            return False
        replace_contents(attrs.obj, patched)
        attrs.mutated = True
        return True


def replace_contents(obj: JsonObject, new: JsonObject) -> None:
    """Make ``obj`` equal to ``new``, in place: callers hold on to it and to its metadata."""
    meta, new_meta = obj.get("metadata"), new.get("metadata")
    if meta is not None and isinstance(new_meta, dict):
        kept = dict(new_meta)
        meta.clear()
        meta.update(kept)
        new = {**new, "metadata": meta}
    obj.clear()
    obj.update(new)
