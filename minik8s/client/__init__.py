"""The client side that every component, controller and add-on shares.

Mirrors k8s.io/client-go, much smaller. Importing this package imports nothing else: take what you need from its
modules.

    kubeconfig.py     ClientConfig, load_kubeconfig(path, context=None), in_cluster_config()
    resources.py      Resource: where a kind lives on the wire; resolve(model class | scheme.Kind | Resource)
    http.py           connections, pool, TLS: HTTP/1.1 on asyncio and httptools
    transport.py      requests and streams: credentials, retries; errors are ApiError, or OSError for the transport
    rest.py           Client: the verbs, typed and untyped
    watch.py          watch events, and the reflector: list, then watch, resume, relist on 410
    informer.py       Informer, InformerFactory: a local cache (store.py) with indexes and handlers
    workqueue.py      WorkQueue: dirty and processing sets, per-key backoff, delayed adds
    controller.py     Controller: the loop `key → reconcile(key)`
    expectations.py   Expectations: creates and deletes that the cache does not show yet
    leaderelection.py LeaderElector on Leases
    events.py         EventRecorder; correlator.py decides what is worth a write
    discovery.py      what resources a server has
    log.py            get_logger (also minik8s.component.get_logger)

    async def main() -> None:
        client = Client(load_kubeconfig(path), user_agent="minik8s-example")
        informers = InformerFactory(client)
        pods = informers.informer(core.Pod, indexes={"node": lambda pod: [pod.spec.node_name or ""]})
        pods.add_handler(lambda event, old, new: queue.add(key_of(new or old)))
        async with asyncio.TaskGroup() as tasks:
            informers.start(tasks)
            await informers.wait_synced()
"""
