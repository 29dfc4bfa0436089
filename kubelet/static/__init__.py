"""Static pods: manifests in a directory of the node, run without asking the API server.

Mirrors upstream pkg/kubelet/config/file.go and pkg/kubelet/pod/mirror_client.go. `manifests` turns files into pods;
`manager` starts and stops them, and keeps a mirror of each in the API, so that they can be seen there. Deleting a
mirror deletes nothing: it comes back.
"""
