"""PersistentVolumes and their claims: who is bound to whom, what is made on demand, what may go.

Mirrors upstream's pkg/controller/volume. `matching` and `binding` are pure: which volume suits a claim, and what the
two ends of a binding look like. `binder` keeps the phases of both; `provisioner` makes volumes of our own local-path
class; `protection` keeps what is in use; `ephemeral` makes the claims that pods' templates ask for; `expansion` lets
claims of our own class grow. Attaching is a matter of CSI drivers, and left out with them.
"""
