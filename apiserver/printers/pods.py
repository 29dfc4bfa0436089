"""Pods: what the STATUS column makes of phase, conditions and container states."""

from __future__ import annotations

from typing import Any

from minik8s.api.times import parse_time
from minik8s.apiserver.printers import text

Json = dict[str, Any]


def print_pod(pod: Json, now: float) -> list[Any]:
    meta, spec, status = pod.get("metadata") or {}, pod.get("spec") or {}, pod.get("status") or {}
    summary = summarise(pod)
    restarts = str(summary["restarts"])
    if summary["restarts"] and summary["last_restart"]:
        restarts += f" ({text.since(summary['last_restart'], now)} ago)"
    ready = f"{summary['ready']}/{summary['total']}"
    pod_ips = status.get("podIPs") or ()
    return [
        meta.get("name") or "",
        ready,
        summary["reason"],
        restarts,
        text.age(pod, now),
        (pod_ips[0].get("ip") if pod_ips else status.get("podIP")) or text.NONE,
        spec.get("nodeName") or text.NONE,
        status.get("nominatedNodeName") or text.NONE,
        _gates(spec, status),
    ]


def _gates(spec: Json, status: Json) -> str:
    gates = spec.get("readinessGates") or ()
    if not gates:
        return text.NONE
    true = {one.get("type") for one in status.get("conditions") or () if one.get("status") == "True"}
    return f"{sum(1 for gate in gates if gate.get('conditionType') in true)}/{len(gates)}"


def summarise(pod: Json) -> Json:
    """reason, ready, total, restarts, last_restart: printPod's walk over the container statuses."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    init = {container.get("name"): container for container in spec.get("initContainers") or ()}
    sidecars = {name for name, container in init.items() if container.get("restartPolicy") == "Always"}
    result: Json = {
        "reason": status.get("reason") or status.get("phase") or "",
        "ready": 0,
        "total": len(spec.get("containers") or ()) + len(sidecars),
        "restarts": 0,
        "last_restart": "",
    }
    conditions = {one.get("type"): one for one in status.get("conditions") or ()}
    if (conditions.get("PodScheduled") or {}).get("reason") == "SchedulingGated":
        result["reason"] = "SchedulingGated"
    initializing = _walk_init(result, status, init, sidecars)
    if not initializing or (conditions.get("Initialized") or {}).get("status") == "True":
        _walk_containers(result, status, sidecars, (conditions.get("Ready") or {}).get("status") == "True")
    if (pod.get("metadata") or {}).get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            result["reason"] = "Unknown"
        elif status.get("phase") not in ("Failed", "Succeeded"):
            result["reason"] = "Terminating"
    return result


def _count_restarts(result: Json, entry: Json) -> None:
    result["restarts"] += entry.get("restartCount") or 0
    ended = ((entry.get("lastState") or {}).get("terminated") or {}).get("finishedAt")
    if ended and (not result["last_restart"] or parse_time(ended) > parse_time(result["last_restart"])):
        result["last_restart"] = ended


def _walk_init(result: Json, status: Json, init: Json, sidecars: set[str]) -> bool:
    """The first init container that has not finished names the status; True while there is one."""
    for index, entry in enumerate(status.get("initContainerStatuses") or ()):
        _count_restarts(result, entry)
        state = entry.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting")
        if terminated and not terminated.get("exitCode"):
            continue
        if entry.get("name") in sidecars and entry.get("started"):
            result["ready"] += bool(entry.get("ready"))
            continue
        if terminated:
            result["reason"] = "Init:" + _ending(terminated)
        elif waiting and waiting.get("reason") and waiting["reason"] != "PodInitializing":
            result["reason"] = "Init:" + waiting["reason"]
        else:
            result["reason"] = f"Init:{index}/{len(init)}"
        return True
    return False


def _ending(terminated: Json) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode') or 0}"


def _walk_containers(result: Json, status: Json, sidecars: set[str], pod_ready: bool) -> None:
    """Restarts count anew without finished init containers; the first container's trouble wins."""
    result["restarts"], result["last_restart"] = 0, ""
    for entry in status.get("initContainerStatuses") or ():
        if entry.get("name") in sidecars:
            _count_restarts(result, entry)
    running = False
    for entry in reversed(status.get("containerStatuses") or []):
        _count_restarts(result, entry)
        state = entry.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting")
        if waiting and waiting.get("reason"):
            result["reason"] = waiting["reason"]
        elif terminated:
            result["reason"] = _ending(terminated)
        elif entry.get("ready") and state.get("running") is not None:
            running = True
            result["ready"] += 1
    if result["reason"] == "Completed" and running:
        result["reason"] = "Running" if pod_ready else "NotReady"


def print_pod_template(obj: Json, now: float) -> list[Any]:
    template = obj.get("template") or {}
    return [text.name(obj), *text.containers(template), text.labels((template.get("metadata") or {}).get("labels"))]


PRINTERS = {("", "Pod"): print_pod, ("", "PodTemplate"): print_pod_template}
