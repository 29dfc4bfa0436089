"""Models: rbac.py."""

from minik8s.api.base import Model, sent
from minik8s.api.meta import LabelSelector, ObjectMeta


class AggregationRule(Model):
    """Aggregation Rule."""

    cluster_role_selectors: list[LabelSelector] = []


class PolicyRule(Model):
    """Policy Rule."""

    verbs: list[str] = sent([])
    api_groups: list[str] = []
    non_resource_urls: list[str] = []
    resource_names: list[str] = []
    resources: list[str] = []


class ClusterRole(Model):
    """Cluster Role."""

    api_version: str = sent("rbac.authorization.k8s.io/v1")
    kind: str = sent("ClusterRole")
    metadata: ObjectMeta = sent(ObjectMeta)
    aggregation_rule: AggregationRule | None = None
    rules: list[PolicyRule] = []


class RoleRef(Model, atomic=True):
    """Role Ref."""

    api_group: str
    kind: str
    name: str


class Subject(Model, atomic=True):
    """Subject."""

    kind: str
    name: str
    api_group: str | None = None
    namespace: str | None = None


class ClusterRoleBinding(Model):
    """Cluster Role Binding."""

    api_version: str = sent("rbac.authorization.k8s.io/v1")
    kind: str = sent("ClusterRoleBinding")
    metadata: ObjectMeta = sent(ObjectMeta)
    role_ref: RoleRef
    subjects: list[Subject] = []


class Role(Model):
    """Role."""

    api_version: str = sent("rbac.authorization.k8s.io/v1")
    kind: str = sent("Role")
    metadata: ObjectMeta = sent(ObjectMeta)
    rules: list[PolicyRule] = []


class RoleBinding(Model):
    """Role Binding."""

    api_version: str = sent("rbac.authorization.k8s.io/v1")
    kind: str = sent("RoleBinding")
    metadata: ObjectMeta = sent(ObjectMeta)
    role_ref: RoleRef
    subjects: list[Subject] = []
