"""rbac.authorization.k8s.io/v1: roles and who has them.

Mirrors upstream's staging/src/k8s.io/api/rbac/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Model, sent
from minik8s.api.meta import LabelSelector, ObjectMeta


class AggregationRule(Model):
    """Makes a role of others."""

    cluster_role_selectors: list[LabelSelector] = []  #: Labels of those others.


class PolicyRule(Model):
    """What may be done to what."""

    verbs: list[str] = sent([])  #: get, list, create …; * for all.
    api_groups: list[str] = []  #: Groups; "" is the core, * all.
    resources: list[str] = []  #: Resources, pods/log for a subresource; * for all.
    resource_names: list[str] = []  #: Only objects with these names.
    non_resource_urls: list[str] = []  #: Paths outside the API: /healthz, /metrics.


class ClusterRole(Model):
    """Permissions in the whole cluster, or for use in any namespace."""

    api_version: str = sent("rbac.authorization.k8s.io/v1")
    kind: str = sent("ClusterRole")
    metadata: ObjectMeta = sent(ObjectMeta)
    rules: list[PolicyRule] = []  #: The permissions.
    aggregation_rule: AggregationRule | None = None  #: Roles that make up this one.


class RoleRef(Model, atomic=True):
    """Points at a role."""

    api_group: str  #: rbac.authorization.k8s.io.
    kind: str  #: Role or ClusterRole.
    name: str  #: Its name.


class Subject(Model, atomic=True):
    """Who gets a role."""

    kind: str  #: User, Group or ServiceAccount.
    api_group: str | None = None  #: Group of the kind; empty for service accounts.
    name: str  #: Name of the subject.
    namespace: str | None = None  #: Namespace of a service account.


class ClusterRoleBinding(Model):
    """Gives a ClusterRole to subjects, everywhere."""

    api_version: str = sent("rbac.authorization.k8s.io/v1")
    kind: str = sent("ClusterRoleBinding")
    metadata: ObjectMeta = sent(ObjectMeta)
    subjects: list[Subject] = []  #: Who.
    role_ref: RoleRef  #: Which role; never changes.


class Role(Model):
    """Permissions in one namespace."""

    api_version: str = sent("rbac.authorization.k8s.io/v1")
    kind: str = sent("Role")
    metadata: ObjectMeta = sent(ObjectMeta)
    rules: list[PolicyRule] = []  #: The permissions.


class RoleBinding(Model):
    """Gives a role to subjects, in one namespace."""

    api_version: str = sent("rbac.authorization.k8s.io/v1")
    kind: str = sent("RoleBinding")
    metadata: ObjectMeta = sent(ObjectMeta)
    subjects: list[Subject] = []  #: Who.
    role_ref: RoleRef  #: Which role; never changes.
