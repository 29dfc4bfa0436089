"""A kubelet and scheduler in one, without containers: binds every pod to its node, says it runs, lets it go when asked.

For tests of controllers against a real API server, and by hand:
    python -m tests.component.controllers.fake_kubelet KUBECONFIG
"""

import asyncio
import itertools
import sys
from contextlib import suppress

from minik8s.api import coordination, core
from minik8s.api.meta import ObjectMeta, format_micro_time, format_time
from minik8s.api.status import AlreadyExists, ApiError
from minik8s.client.controller import Controller
from minik8s.client.informer import InformerFactory
from minik8s.client.kubeconfig import load_kubeconfig
from minik8s.client.rest import Client


class FakeKubelet(Controller):
    """Keys are pods. Images `exit:N` end with code N at once; `never-ready`, and the tags with which upstream's tests
    break things, never become ready."""

    name = "fake-kubelet"
    workers = 4

    def __init__(self, client: Client, node: str = "fake-1", prefix: str = "10.244.0") -> None:
        super().__init__(client)
        self.node, self.beating = node, True
        self._addresses = (f"{prefix}.{number % 250 + 1}" for number in itertools.count())
        self.informers = InformerFactory(client)
        self.pods = self.use(self.informers.informer(core.Pod))
        self.pods.add_handler(lambda event, old, new: self.enqueue(new or old))

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            self.informers.start(tasks)
            tasks.create_task(self._heartbeat())
            tasks.create_task(super().run())

    async def _heartbeat(self) -> None:
        with suppress(AlreadyExists):
            await self.client.create(core.Node(metadata=ObjectMeta(name=self.node)))
        with suppress(AlreadyExists):
            meta = ObjectMeta(name=self.node, namespace="kube-node-lease")
            await self.client.create(coordination.Lease(metadata=meta, spec=coordination.LeaseSpec()))
        while True:
            if self.beating:
                with suppress(ApiError, OSError):
                    await self._beat()
            await asyncio.sleep(1)

    async def _beat(self) -> None:
        stamp = format_time(self.clock.now())
        node = await self.client.get(core.Node, self.node)
        ready = core.NodeCondition(type="Ready", status="True", reason="KubeletReady", last_heartbeat_time=stamp)
        if [one.status for one in node.status.conditions if one.type == "Ready"] != ["True"]:
            node.status.conditions = [ready]
            node.status.capacity = node.status.allocatable = {"cpu": "8", "memory": "16Gi", "pods": "110"}
            await self.client.update_status(node)
        lease = await self.client.get(coordination.Lease, self.node, "kube-node-lease")
        lease.spec = coordination.LeaseSpec(
            holder_identity=self.node, lease_duration_seconds=40, renew_time=format_micro_time(self.clock.now())
        )
        await self.client.update(lease)

    async def reconcile(self, key: str) -> float | None:
        pod = self.pods.get(key)
        if pod is None:
            return None
        name, namespace = pod.metadata.name, pod.metadata.namespace
        if not pod.spec.node_name:
            if pod.metadata.deletion_timestamp is None:
                target = {"kind": "Node", "apiVersion": "v1", "name": self.node}
                body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
                await self.client.create_subresource(core.Pod, name, namespace, "binding", body)
        elif pod.spec.node_name != self.node or not self.beating:
            return None
        elif pod.metadata.deletion_timestamp is not None:
            if not pod.metadata.finalizers or pod.status.phase == "Running":
                await self._finish(pod)
        elif pod.status.phase == "Pending":
            await self._start(pod)
        return None

    async def _start(self, pod: core.Pod) -> None:
        image = pod.spec.containers[0].image or ""
        stamp = format_time(self.clock.now())
        changed = pod.model_copy(deep=True)
        code = int(image.removeprefix("exit:")) if image.startswith("exit:") else None
        running = core.ContainerState(running=core.ContainerStateRunning(started_at=stamp))
        reason = "Error" if code else "Completed"
        end = core.ContainerStateTerminated(exit_code=code or 0, reason=reason, started_at=stamp, finished_at=stamp)
        ended = core.ContainerState(terminated=end)
        ready = code is None and "never-ready" not in image and not image.endswith((":404", ":non-existent"))
        changed.status.phase = "Running" if code is None else "Failed" if code else "Succeeded"
        changed.status.pod_ip = next(self._addresses)
        changed.status.pod_ips = [core.PodIP(ip=changed.status.pod_ip)]
        changed.status.start_time = stamp
        changed.status.conditions = [
            *(one for one in pod.status.conditions if one.type != "Ready"),
            core.PodCondition(type="Ready", status="True" if ready else "False", last_transition_time=stamp),
        ]
        changed.status.container_statuses = [
            core.ContainerStatus(
                name=container.name, image=container.image or "", image_id="", ready=ready, restart_count=0,
                state=running if code is None else ended,
            )
            for container in pod.spec.containers
        ]  # fmt: skip
        await self.client.update_status(changed)

    async def _finish(self, pod: core.Pod) -> None:
        meta = pod.metadata
        if meta.finalizers:
            changed = pod.model_copy(deep=True)
            changed.status.phase = "Failed"
            await self.client.update_status(changed)
        await self.client.delete(core.Pod, meta.name, meta.namespace, uid=meta.uid, grace_period_seconds=0)


if __name__ == "__main__":
    asyncio.run(FakeKubelet(Client(load_kubeconfig(sys.argv[1]), "fake-kubelet")).run())
