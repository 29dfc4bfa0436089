"""Annotations, labels and finalizers of claims and volumes, as upstream spells them, and ours.

Mirrors upstream's component-helpers/storage/volume/pv_helpers.go.
"""

#: on a claim: the volume was bound completely; without it a claim is looked at afresh
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
#: on a claim or volume: the binding was the controller's work, and may be undone by it
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
#: on a volume: who made it, and so who deletes it
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
#: on a claim: who is to make a volume for it (the second name is for provisioners of before 1.23)
STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
BETA_STORAGE_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner"
#: on a claim: the node that the scheduler chose for its first consumer
SELECTED_NODE = "volume.kubernetes.io/selected-node"
#: the annotations by which classes were given before there was a field
BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")

CLAIM_PROTECTION = "kubernetes.io/pvc-protection"
VOLUME_PROTECTION = "kubernetes.io/pv-protection"

NO_PROVISIONER = "kubernetes.io/no-provisioner"
HOSTNAME = "kubernetes.io/hostname"

#: our own dynamic provisioner: directories of the node (as Rancher's local-path does)
LOCAL_PATH = "minik8s.io/local-path"
#: on a Node: the directory that its kubelet keeps such volumes in (kubelet/volumes/local_path.py says so)
LOCAL_PATH_ROOT = "minik8s.io/local-path-root"
#: on a volume: a kubelet removes the directory before the object may go
LOCAL_PATH_FINALIZER = "minik8s.io/local-path"
#: on a volume: the node that has it, so that each kubelet watches only its own
LOCAL_PATH_NODE = "minik8s.io/local-path-node"
