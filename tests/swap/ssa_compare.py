"""Server-side apply against two API servers: the same generated histories, and the same objects and owners after each.

    python tests/swap/ssa_compare.py --ours KUBECONFIG --reference KUBECONFIG [--cases 300] [--seed 1] [--case N]

A case creates an object and then lets several managers apply, force, update and patch it. After every step both
servers' answers are compared: the code, the message of a refusal, the object, and metadata.managedFields. Left out of
the comparison is what servers choose (uid, versions, times, addresses), what Kubernetes 1.33 defaults and the
reference (1.20) does not know, and the order of lists whose items are owned one by one (1.27 changed it).
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import random
import re
import ssl
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import yaml

Json = dict[str, Any]
Step = tuple[str, str, bool, Any]  # verb, manager, force, body
NAMESPACE = "ssa-compare"
CONTENT_TYPES = {
    "apply": "application/apply-patch+yaml",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}
#: Set by the server, or not known to the reference.
UNEQUAL = frozenset({
    "uid", "resourceVersion", "creationTimestamp", "selfLink", "time", "clusterIP", "clusterIPs", "ipFamilies",
    "ipFamilyPolicy", "internalTrafficPolicy", "serviceAccount", "serviceAccountName", "status", "subresource",
})  # fmt: skip
#: Atomic since a later version than the reference's (owner references too).
COLLAPSED = frozenset({"f:selector", "f:nodeSelector"})


class Server:
    """One API server, by its kubeconfig."""

    def __init__(self, kubeconfig: str) -> None:
        config = yaml.safe_load(Path(kubeconfig).read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        context = ssl.create_default_context(cafile=_file(cluster, "certificate-authority"))
        if "client-certificate" in user or "client-certificate-data" in user:
            context.load_cert_chain(_file(user, "client-certificate"), _file(user, "client-key"))
        self._headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
        address = urlsplit(cluster["server"])
        self._connection = http.client.HTTPSConnection(address.hostname or "", address.port, context=context)

    def call(self, method: str, path: str, body: Any = None, content_type: str = "", **query: str) -> tuple[int, Json]:
        headers = self._headers | {"Content-Type": content_type or "application/json", "User-Agent": "compare/1"}
        target = f"{path}?{urlencode(query)}" if query else path
        self._connection.request(method, target, None if body is None else json.dumps(body), headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")


def _file(source: Json, key: str) -> str:
    if key in source:
        return str(source[key])
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(base64.b64decode(source[f"{key}-data"]))
    return file.name


# -- generated histories -------------------------------------------------------------------------------------------


def some(rng: random.Random, values: list[Any]) -> list[Any]:
    """A random part, in random order; never none: an empty map has an owner since 1.22 only."""
    return rng.sample(values, rng.randint(1, len(values)))


def labels(rng: random.Random) -> dict[str, str]:
    return {key: rng.choice("xyz") for key in some(rng, ["a", "b", "c"])}


def metadata(rng: random.Random, name: str) -> Json:
    meta: Json = {"name": name}
    if rng.random() < 0.6:
        meta["labels"] = labels(rng)
    if rng.random() < 0.4:
        meta["annotations"] = {f"example.com/{key}": value for key, value in labels(rng).items()}
    if rng.random() < 0.15:
        meta["finalizers"] = [f"example.com/{key}" for key in some(rng, ["f1", "f2"])]
    if rng.random() < 0.1:
        meta["ownerReferences"] = [
            {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": f"u{rng.randint(1, 2)}"}
        ]
    return meta


def container(rng: random.Random, name: str, full: bool) -> Json:
    out: Json = {"name": name}
    if full or rng.random() < 0.5:
        out["image"] = f"registry.example/{name}:{rng.randint(1, 2)}"
    if rng.random() < 0.5:
        out["env"] = [{"name": key, "value": rng.choice("12")} for key in some(rng, ["A", "B", "C"])]
    if rng.random() < 0.4:
        ports: list[Any] = [{"containerPort": 80}, {"containerPort": 443, "protocol": "TCP", "name": "https"},
                            {"containerPort": 53, "protocol": "UDP"}]  # fmt: skip
        out["ports"] = some(rng, ports)
    if rng.random() < 0.3:
        out["args"] = some(rng, ["-a", "-b", "-c"])
    if rng.random() < 0.3:
        amounts: Json = {"cpu": rng.choice(["100m", "200m"]), "memory": rng.choice(["64Mi", "128Mi"])}
        out["resources"] = {"requests": dict(some(rng, list(amounts.items())))}
    if rng.random() < 0.2:
        out["volumeMounts"] = [{"name": "v1", "mountPath": "/v1"}]
    if rng.random() < 0.2:
        out["readinessProbe"] = {"httpGet": {"path": rng.choice(["/a", "/b"]), "port": rng.choice([80, "https"])}}
    if rng.random() < 0.2:
        out["securityContext"] = {"runAsUser": rng.randint(1, 2), "capabilities": {"add": some(rng, ["X", "Y"])}}
    return out


def pod_spec(rng: random.Random, full: bool) -> Json:
    spec: Json = {}
    names = ["web", *(["side"] if rng.random() < 0.4 else [])]
    spec["containers"] = [container(rng, name, full or name == "side") for name in names]
    if full:
        spec["volumes"] = [{"name": "v1", "configMap": {"name": "c1"}}]
        spec["automountServiceAccountToken"] = False
    if rng.random() < 0.3:
        spec["tolerations"] = [{"key": rng.choice("kl"), "operator": "Exists"}]
    if rng.random() < 0.2:
        spec["terminationGracePeriodSeconds"] = rng.randint(1, 2)
    return spec


def config_map(rng: random.Random, name: str, full: bool) -> Json:
    out: Json = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(rng, name)}
    if full or rng.random() < 0.8:
        out["data"] = {key: rng.choice("123") for key in some(rng, list("abcde"))}
    return out


def deployment(rng: random.Random, name: str, full: bool) -> Json:
    spec: Json = {}
    if rng.random() < 0.6:
        spec["replicas"] = rng.randint(0, 3)
    if full:
        spec["selector"] = {"matchLabels": {"app": name}}
    if full or rng.random() < 0.8:
        spec["template"] = {"spec": pod_spec(rng, full)}
    if full:
        spec["template"]["metadata"] = {"labels": {"app": name}}
    if rng.random() < 0.3:
        spec["strategy"] = {"rollingUpdate": {"maxSurge": rng.choice([1, "50%"])}}
    if rng.random() < 0.2:
        spec["minReadySeconds"] = rng.randint(1, 3)
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(rng, name), "spec": spec}


def service(rng: random.Random, name: str, full: bool) -> Json:
    spec: Json = {}
    ports: list[Any] = [
        {"name": "a", "port": 80, "protocol": "TCP", "targetPort": rng.choice([8080, "web"])},
        {"name": "b", "port": 443, "protocol": "TCP"},
        {"name": "c", "port": 53, "protocol": "UDP"},
    ]
    if full or rng.random() < 0.7:
        spec["ports"] = [ports[0], *some(rng, ports[1:])] if full else some(rng, ports)
    if full:
        spec["selector"] = {"app": "x"}
    if rng.random() < 0.3:
        spec["sessionAffinity"] = rng.choice(["None", "ClientIP"])
    if rng.random() < 0.2:
        spec["publishNotReadyAddresses"] = True
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata(rng, name), "spec": spec}


def pod(rng: random.Random, name: str, full: bool) -> Json:
    out: Json = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata(rng, name)}
    if full:
        return out | {"spec": pod_spec(rng, True)}
    if rng.random() < 0.6:
        out["spec"] = {"containers": [{"name": "web", "image": f"registry.example/web:{rng.randint(1, 3)}"}]}
    return out


KINDS = {
    "configmaps": (config_map, "/api/v1"),
    "deployments": (deployment, "/apis/apps/v1"),
    "services": (service, "/api/v1"),
    "pods": (pod, "/api/v1"),
}


def mistake(rng: random.Random, config: Json) -> None:
    """Something that a configuration must not have."""
    wrong: list[Any] = [
        lambda: config.update(bogus=1),
        lambda: config["metadata"].update(managedFields=[{"manager": "x"}]),
        lambda: config["metadata"].update(labels={"a": 1}),
        lambda: config["metadata"].update(name="another"),
        lambda: config["metadata"].update(finalizers=["example.com/f1", "example.com/f1"]),
        lambda: config["metadata"].pop("name"),
        lambda: config["metadata"].update(uid="11111111-1111-1111-1111-111111111111"),
    ]
    rng.choice(wrong)()


def history(seed: int) -> tuple[str, str, list[Step]]:
    """Plural, name, steps."""
    rng = random.Random(seed)
    plural = rng.choice(list(KINDS))
    make, name = KINDS[plural][0], f"{plural}-{seed}"
    first = make(rng, name, True)
    start = rng.random()
    if start < 0.2:  # as client-side `kubectl apply` does
        text = json.dumps(first, sort_keys=True, separators=(",", ":")) + "\n"
        noted = first["metadata"].setdefault("annotations", {})
        noted["kubectl.kubernetes.io/last-applied-configuration"] = text
        steps: list[Step] = [("create", "kubectl-client-side-apply", False, first)]
    else:
        steps = [("create" if start < 0.4 else "apply", "one", False, first)]
    for _ in range(rng.randint(3, 6)):
        steps.append(next_step(rng, make, name, first))
    return plural, name, steps


def next_step(rng: random.Random, make: Any, name: str, first: Json) -> Step:
    verb = rng.choice(["apply"] * 6 + ["put", "put", "merge", "strategic", "json"])
    if verb == "apply":
        manager = rng.choice(["one", "two", "kubectl"])
        config = json.loads(json.dumps(first)) if rng.random() < 0.2 else make(rng, name, rng.random() < 0.3)
        noted = config["metadata"].get("annotations", {})
        if noted.pop("kubectl.kubernetes.io/last-applied-configuration", None) and not noted:
            del config["metadata"]["annotations"]
        if config.get("spec") == {}:
            del config["spec"]
        if rng.random() < 0.12:
            mistake(rng, config)
        return verb, manager, rng.random() < 0.6, config
    if verb == "json":
        kinds: list[Any] = [
            [{"op": "add", "path": "/metadata/labels", "value": {"j": "1"}}],
            [{"op": "add", "path": "/metadata/managedFields", "value": [{}]}],
            [{"op": "add", "path": "/metadata/annotations", "value": {"j": "2"}}],
        ]
        return verb, "patcher", False, rng.choice(kinds)
    change = make(rng, name, False)
    if verb == "merge":
        change.get("spec", {}).pop("template", None)
        change.get("spec", {}).pop("containers", None)
        change.get("spec", {}).pop("ports", None)
    return verb, rng.choice(["updater", "one", ""]), False, change


# -- running -------------------------------------------------------------------------------------------------------


def run_step(server: Server, collection: str, name: str, step: Step) -> tuple[int, Json]:
    verb, manager, force, body = step
    query = {"fieldManager": manager} if manager else {}
    path = f"{collection}/{name}"
    if verb == "create":
        return server.call("POST", collection, body, **query)
    if verb == "put":
        code, live = server.call("GET", path)
        if code != 200:
            return code, live
        return server.call("PUT", path, overlay(live, body), **query)
    if verb == "apply" and force:
        query["force"] = "true"
    return server.call("PATCH", path, body, CONTENT_TYPES[verb], **query)


def overlay(live: Any, change: Any) -> Any:
    """What a client makes of an object: maps merged, lists by name, the rest replaced."""
    if isinstance(live, dict) and isinstance(change, dict):
        return live | {key: overlay(live.get(key), value) for key, value in change.items()}
    if isinstance(live, list) and isinstance(change, list) and all(isinstance(item, dict) for item in live + change):
        names = [_key(item) for item in live]
        out = list(live)
        for item in change:
            if _key(item) in names:
                at = names.index(_key(item))
                out[at] = overlay(out[at], item)
            else:
                out.append(item)
        return out
    return change


def _key(item: Json) -> Any:
    return (item["containerPort"], item.get("protocol", "TCP")) if "containerPort" in item else item.get("name")


def comparable(value: Any) -> Any:
    """Without what may differ; owned lists in one order."""
    if isinstance(value, dict):
        out = {}
        for key, item in value.items():
            if key in UNEQUAL or key.removeprefix("f:") in UNEQUAL:
                continue
            if key in COLLAPSED or key.startswith('k:{"uid":'):
                out[key] = {}
                continue
            if key == "generation" and value.get("name", "").startswith("pods-"):
                continue
            inner = comparable(item)
            if inner not in (None, [], {}) or (key[:2] in ("f:", "k:", "v:") or key == "."):
                out[key] = inner
        return out
    if isinstance(value, list):
        items = [comparable(item) for item in value]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) if _by_item(value) else items
    return value


def _by_item(items: list[Any]) -> bool:
    return all(isinstance(item, dict) for item in items) or all(str(item).startswith("example.com/") for item in items)


def answer(code: int, obj: Json) -> Json:
    """What is compared of an answer."""
    if code >= 300:
        text = re.sub(r"typed patch object \([^)]*\)", "typed patch object", obj.get("message", ""))
        causes = sorted(cause["message"] for cause in obj.get("details", {}).get("causes", []))
        if code == 422:
            return {"code": code}
        if len(causes) > 1:  # the reference names the same path twice, for another (fixed in 1.21)
            text = text.partition(":")[0]
        return {"code": code, "message": text, "reason": obj.get("reason"), "causes": causes}
    return {"code": code, "object": comparable(obj)}


def first_difference(ours: Any, theirs: Any, path: str = "") -> str:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            if ours.get(key, "<absent>") != theirs.get(key, "<absent>"):
                return first_difference(ours.get(key, "<absent>"), theirs.get(key, "<absent>"), f"{path}/{key}")
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs) and "causes" not in path:
        for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            if mine != other:
                return first_difference(mine, other, f"{path}/{index}")
    if isinstance(ours, list) and isinstance(theirs, list):
        ours, theirs = [item for item in ours if item not in theirs], [item for item in theirs if item not in ours]
    return f"{path}:\n  ours:      {json.dumps(ours)}\n  reference: {json.dumps(theirs)}"


def run_case(seed: int, ours: Server, reference: Server, verbose: bool) -> tuple[str, int]:
    """The first difference (empty: none), and the steps that were run."""
    plural, name, steps = history(seed)
    collection = f"{KINDS[plural][1]}/namespaces/{NAMESPACE}/{plural}"
    for number, step in enumerate(steps):
        mine = answer(*run_step(ours, collection, name, step))
        other = answer(*run_step(reference, collection, name, step))
        if verbose:
            print(number, step[0], step[1], step[2], json.dumps(step[3]), "\n ->", json.dumps(other))
        if mine != other and is_known(steps[0], step, mine, other):
            return "", number + 1
        if mine != other:
            told = f"case {seed} ({plural}) step {number} {step[0]} by {step[1]!r} force={step[2]}"
            return f"{told}: {first_difference(mine, other)}\n  body: {json.dumps(step[3])}", number + 1
    return "", len(steps)


def is_known(first: Step, step: Step, mine: Json, other: Json) -> bool:
    """1.20 mixes up the paths of several conflicts, and then which of them last-applied allows (fixed in 1.21)."""
    moves = step[0] == "apply" and step[1] == "kubectl" and not step[2] and first[1] == "kubectl-client-side-apply"
    return moves and 409 in (mine["code"], other["code"])


def prepare(server: Server) -> None:
    """An empty namespace with the account that pods need."""
    server.call("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    account = {"metadata": {"name": "default"}}
    server.call("POST", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", account)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ours", required=True)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int, default=0)
    options = parser.parse_args()
    ours, reference = Server(options.ours), Server(options.reference)
    if options.case:
        for plural, (_, prefix) in KINDS.items():
            for server in (ours, reference):
                server.call("DELETE", f"{prefix}/namespaces/{NAMESPACE}/{plural}/{plural}-{options.case}")
    prepare(ours)
    prepare(reference)
    seeds = [options.case] if options.case else range(options.seed * 1000, options.seed * 1000 + options.cases)
    different = total = 0
    for seed in seeds:
        text, steps = run_case(seed, ours, reference, bool(options.case))
        total += steps
        if text:
            different += 1
            print(text, flush=True)
    print(f"{len(seeds)} cases, {total} steps: {different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
