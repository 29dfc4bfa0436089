"""kubectl's annotation of client-side apply, under server-side apply.

Mirrors managedfields/internal/{lastappliedmanager,lastappliedupdater}.go. A user who moves from `kubectl apply` to
`kubectl apply --server-side` would conflict with the manager of the former: fields that still are as the annotation
says were applied by the same hand, and are no conflict. While the annotation is there it is kept in step, so that the
way back stays open.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from minik8s.apiserver.managedfields.compare import compare
from minik8s.apiserver.managedfields.elements import NoElement
from minik8s.apiserver.managedfields.fieldset import fields_of
from minik8s.apiserver.managedfields.profile import Profile
from minik8s.apiserver.managedfields.sets import FieldSet, difference
from minik8s.apiserver.managedfields.validate import problems

JsonObject = dict[str, Any]
KUBECTL = "kubectl"
ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
MAX_ANNOTATIONS = 256 * 1024


def _annotations(obj: JsonObject) -> dict[str, str]:
    found = (obj.get("metadata") or {}).get("annotations")
    return found if isinstance(found, dict) else {}


def allowed_conflicts(profile: Profile, live: JsonObject) -> FieldSet:
    """Fields that the annotation holds and that are still as it has them; nothing where it cannot be used."""
    text = _annotations(live).get(ANNOTATION)
    if not text:
        return {}
    try:
        last = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(last, dict) or last.get("apiVersion") != profile.api_version or problems(last, profile.node):
        return {}
    try:
        changes = compare(last, live, profile.node)
    except NoElement:
        return {}
    fields = fields_of(last, profile.node)
    return difference(difference(difference(fields, changes.modified), changes.added), changes.removed)


def sync_annotation(obj: JsonObject, config: JsonObject) -> JsonObject:
    """The object with the annotation saying what was applied, if it has one."""
    if not _annotations(obj).get(ANNOTATION):
        return obj
    annotations = {**_annotations(obj), ANNOTATION: _encoded(config)}
    if sum(len(key) + len(value) for key, value in annotations.items()) > MAX_ANNOTATIONS:
        del annotations[ANNOTATION]
    return {**obj, "metadata": {**obj["metadata"], "annotations": annotations}}


def _encoded(config: JsonObject) -> str:
    """Go's JSON: sorted, compact, with HTML's characters escaped and a newline at the end."""
    annotations = _annotations(config)
    if ANNOTATION in annotations:
        rest = {key: value for key, value in annotations.items() if key != ANNOTATION}
        config = {**config, "metadata": {**config["metadata"], "annotations": rest}}
    text = json.dumps(config, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e") + "\n"
