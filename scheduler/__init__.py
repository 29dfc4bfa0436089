"""The scheduler: for each pod without a node, the best node that may take it.

Mirrors pkg/scheduler. Read in this order:

    model.py        pods and nodes, cut down to what scheduling looks at
    snapshot.py     the cluster as columns: one numpy array per resource, label key, …; with matches.py and terms.py
    framework.py    what a filter and a score are; plugins/ has one file for each concern
    algorithm.py    schedule(pod, snapshot) → Decision: pure
    preemption.py   which pods would have to go; pure as well
    queue.py        which pod is next: active, backing off, unschedulable, gated
    cache.py        informers' events → snapshot and queue
    binder.py       decisions → the API: bindings, conditions, events
    loop.py         pop, schedule, assume, bind; command.py starts it

Left out: scheduler extenders, several profiles, dynamic resource allocation, percentageOfNodesToScore (all nodes are
looked at: with columns that is cheap).
"""
