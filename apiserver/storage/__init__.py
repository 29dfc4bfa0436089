"""Where the cluster's state is kept: one small protocol, two backends (an embedded file, etcd)."""
