"""A cluster on one machine: its configuration, certificates, processes, and how they come up and go down.

Mirrors what kubeadm, kind and hack/local-up-cluster.sh do for upstream, reduced to one host. Nothing here
decides anything about pods: it writes files, starts processes under supervisord, and watches their health ports.
"""
