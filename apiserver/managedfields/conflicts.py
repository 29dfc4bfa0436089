"""Conflicts of an apply, as the client sees them.

Mirrors apimachinery/pkg/util/managedfields/internal/conflict.go.
"""

from __future__ import annotations

from minik8s.api.status import Conflict
from minik8s.apiserver.managedfields.elements import path_text
from minik8s.apiserver.managedfields.entries import Manager
from minik8s.apiserver.managedfields.sets import FieldSet, difference, paths

CAUSE = "FieldManagerConflict"


class ApplyConflicts(Exception):
    """Others own fields to which the configuration gives another value."""

    def __init__(self, fields: dict[Manager, FieldSet]) -> None:
        super().__init__("apply conflicts")
        self.fields = fields

    def without(self, allowed: FieldSet) -> ApplyConflicts | None:
        """The conflicts that are not in a set; None when there are none."""
        rest = {manager: left for manager, fields in self.fields.items() if (left := difference(fields, allowed))}
        return ApplyConflicts(rest) if rest else None

    def to_error(self) -> Conflict:
        """The 409 that names every field."""
        managers = sorted(self.fields, key=Manager.identifier)
        found = {manager: [path_text(path) for path in paths(self.fields[manager])] for manager in managers}
        causes = [
            {"reason": CAUSE, "message": f"conflict with {manager}", "field": path}
            for manager in managers
            for path in found[manager]
        ]
        if len(causes) == 1:
            text = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
            return Conflict.apply(causes, text)
        lines = []
        for manager in managers:
            lines += [f"conflicts with {manager}:", *(f"- {path}" for path in found[manager])]
        return Conflict.apply(causes, f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines))
