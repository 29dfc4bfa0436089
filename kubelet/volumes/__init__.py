"""A pod's volumes: what is written where, and what is taken away when the pod is gone.

Mirrors upstream pkg/kubelet/volumemanager and pkg/volume/*. `payload` (pure) says which files a configMap, secret,
downwardAPI or projected volume consists of; `atomic_writer` puts them on disk so that a reader sees the old set or
the new one, never a mixture; `manager` does it for every volume of a pod, and again when the sources change.

The layout under the kubelet's root directory is upstream's: `pods/<uid>/volumes/kubernetes.io~<plugin>/<name>`,
`pods/<uid>/volume-subpaths/…`, `pods/<uid>/etc-hosts`, `pods/<uid>/containers/<name>/<id>` (termination log).
"""
