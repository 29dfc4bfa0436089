"""Small questions to a definition: conditions, versions, what is common to all versions.

Mirrors apiextensions-apiserver/pkg/apihelpers and the hoisting of per-version fields in apis/apiextensions/v1/
conversion.go: what all versions have in common is a field of the spec internally, and error messages show that path.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
ESTABLISHED, NAMES_ACCEPTED, TERMINATING = "Established", "NamesAccepted", "Terminating"
CONFORMANT = "KubernetesAPIApprovalPolicyConformant"
APPROVAL = "api-approved.kubernetes.io"


def condition(definition: Json, type_name: str) -> Json | None:
    """The condition of that type."""
    conditions = (definition.get("status") or {}).get("conditions") or ()
    return next((one for one in conditions if one.get("type") == type_name), None)


def is_true(definition: Json, type_name: str) -> bool:
    found = condition(definition, type_name)
    return found is not None and found.get("status") == "True"


def set_condition(definition: Json, now: str, type_name: str, status: str, reason: str, message: str) -> None:
    """Put a condition; its time moves only when its status does."""
    wanted = {"type": type_name, "status": status, "lastTransitionTime": now, "reason": reason, "message": message}
    conditions = definition.setdefault("status", {}).setdefault("conditions", [])
    for index, one in enumerate(conditions):
        if one.get("type") == type_name:
            if one.get("status") == status:
                wanted["lastTransitionTime"] = one.get("lastTransitionTime") or now
            conditions[index] = wanted
            return
    conditions.append(wanted)


def versions(definition: Json) -> list[Json]:
    return (definition.get("spec") or {}).get("versions") or []


def storage_version(definition: Json) -> str:
    return next((version["name"] for version in versions(definition) if version.get("storage")), "")


def schema_of(version: Json) -> Json | None:
    """The version's openAPIV3Schema."""
    schema: Json | None = (version.get("schema") or {}).get("openAPIV3Schema")
    return schema


def is_common(spec: Json, key: str) -> bool:
    """Whether all versions say the same, and something, under `key`: then the path of its errors is `spec.<key>`."""
    values = [version.get(key) for version in spec.get("versions") or ()]
    return bool(values) and bool(values[0] or values[0] == {}) and all(value == values[0] for value in values)


def is_protected(group: str) -> bool:
    """Groups of Kubernetes itself: their definitions say who approved them."""
    return any(group == name or group.endswith("." + name) for name in ("k8s.io", "kubernetes.io"))


def approval(annotations: Json) -> tuple[str, str, str]:
    """(status, reason, message) of the approval annotation; status "" where its text is neither URL nor refusal."""
    text = annotations.get(APPROVAL) or ""
    see = "see https://github.com/kubernetes/enhancements/pull/1111"
    if not text:
        return "False", "MissingAnnotation", f'protected groups must have approval annotation "{APPROVAL}", {see}'
    if text.startswith("unapproved"):
        return "False", "UnapprovedAnnotation", f'not approved: "{text}"'
    if "://" in text and text.split("://", 1)[1].strip("/"):
        return "True", "ApprovedAnnotation", f"approved in {text}"
    either = 'with either a URL or a reason starting with "unapproved"'
    return "", "", f'protected groups must have approval annotation "{APPROVAL}" {either}, {see}'
