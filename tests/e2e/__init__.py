"""All processes, real parts: Docker, iptables, etcd, unmodified kubectl and client libraries."""
