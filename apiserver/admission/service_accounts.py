"""ServiceAccount: every pod runs as an account, and finds its token, the cluster's CA and its namespace mounted.

Mirrors `plugin/pkg/admission/serviceaccount/admission.go`, with bound tokens in one projected volume.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any

from minik8s.api.status import Forbidden
from minik8s.apiserver.admission.base import CREATE, UPDATE, AdmissionPlugin, Attributes
from minik8s.apiserver.admission.kinds import kind_of

Json = dict[str, Any]

DEFAULT_ACCOUNT = "default"
MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
VOLUME_PREFIX = "kube-api-access-"
#: The kubelet refreshes the token long before; the odd seconds mark tokens of this plugin in metrics.
TOKEN_SECONDS = 3607
MIRROR_ANNOTATION = "kubernetes.io/config.mirror"
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
#: A new namespace's default account takes a moment: try again before refusing.
_RETRIES, _RETRY_DELAY = 10, 0.1


class ServiceAccount(AdmissionPlugin):
    resources = frozenset({"pods"})
    subresources = frozenset({"ephemeralcontainers"})
    operations = frozenset({CREATE, UPDATE})

    async def mutate(self, attrs: Attributes) -> None:
        if attrs.subresource or attrs.operation != CREATE or attrs.obj is None or _is_mirror(attrs.obj):
            return
        spec = attrs.spec
        name = spec.get("serviceAccountName") or DEFAULT_ACCOUNT
        spec["serviceAccountName"] = spec["serviceAccount"] = name
        account = await self._account(attrs, name)
        if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
            spec["imagePullSecrets"] = [{"name": one.get("name")} for one in account["imagePullSecrets"]]
        if wants_token(account, spec):
            mount_token(spec)

    async def validate(self, attrs: Attributes) -> None:
        if attrs.operation != CREATE or attrs.obj is None:
            return
        if not _is_mirror(attrs.obj):
            return
        spec = attrs.spec
        if spec.get("serviceAccountName"):
            raise Forbidden.of("pods", attrs.name, "a mirror pod may not reference service accounts")
        for volume in spec.get("volumes") or ():
            sources = (volume.get("projected") or {}).get("sources") or ()
            if volume.get("secret") or volume.get("configMap"):
                what = "secrets" if volume.get("secret") else "configmaps"
                raise Forbidden.of("pods", attrs.name, f"a mirror pod may not reference {what}")
            if any(source.get("serviceAccountToken") for source in sources):
                text = "a mirror pod may not use ServiceAccountToken volume projections"
                raise Forbidden.of("pods", attrs.name, text)

    async def _account(self, attrs: Attributes, name: str) -> Json:
        kind = kind_of("ServiceAccount")
        account = await self.registry.get(kind, attrs.namespace, name)
        if account is None and name == DEFAULT_ACCOUNT and await self._may_come(attrs.namespace):
            for _ in range(_RETRIES):
                await asyncio.sleep(_RETRY_DELAY)
                account = await self.registry.get(kind, attrs.namespace, name)
                if account is not None:
                    break
        if account is None:
            text = f'error looking up service account {attrs.namespace}/{name}: serviceaccount "{name}" not found'
            raise Forbidden.of("pods", attrs.name, text)
        return account

    async def _may_come(self, namespace: str) -> bool:
        """No use waiting in a namespace that is not there or is going."""
        found = await self.registry.get(kind_of("Namespace"), "", namespace)
        return found is not None and not found["metadata"].get("deletionTimestamp")


def _is_mirror(pod: Json) -> bool:
    return MIRROR_ANNOTATION in ((pod.get("metadata") or {}).get("annotations") or ())


def wants_token(account: Json, spec: Json) -> bool:
    """The pod's word counts before the account's; silence is yes."""
    for holder in (spec, account):
        if holder.get("automountServiceAccountToken") is not None:
            return bool(holder["automountServiceAccountToken"])
    return True


def mount_token(spec: Json) -> None:
    """Add the projected volume and mount it wherever nothing else is mounted at the well-known path."""
    taken = {volume.get("name") for volume in spec.get("volumes") or ()}
    name = next((one for one in taken if one and one.startswith(VOLUME_PREFIX)), None)
    present = name is not None
    while name is None or (name in taken and not present):
        name = VOLUME_PREFIX + "".join(random.choices(_SUFFIX, k=5))
    mounted = False
    for group in ("initContainers", "containers"):
        for container in spec.get(group) or ():
            mounts = container.setdefault("volumeMounts", [])
            if not any(mount.get("mountPath") == MOUNT_PATH for mount in mounts):
                mounts.append({"name": name, "readOnly": True, "mountPath": MOUNT_PATH})
                mounted = True
            elif not mounts:
                del container["volumeMounts"]
    if mounted and not present:
        spec.setdefault("volumes", []).append({"name": name, "projected": token_projection()})


def token_projection() -> Json:
    """Token, CA certificate, namespace."""
    field = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}},
        ],
        "defaultMode": 0o644,
    }
