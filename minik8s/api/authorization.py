"""Models: authorization.py."""

from minik8s.api.base import Model, sent
from minik8s.api.meta import FieldSelectorRequirement, LabelSelectorRequirement, ObjectMeta


class FieldSelectorAttributes(Model):
    """Field Selector Attributes."""

    raw_selector: str | None = None
    requirements: list[FieldSelectorRequirement] = []


class LabelSelectorAttributes(Model):
    """Label Selector Attributes."""

    raw_selector: str | None = None
    requirements: list[LabelSelectorRequirement] = []


class NonResourceAttributes(Model):
    """Non Resource Attributes."""

    path: str | None = None
    verb: str | None = None


class ResourceAttributes(Model):
    """Resource Attributes."""

    field_selector: FieldSelectorAttributes | None = None
    group: str | None = None
    label_selector: LabelSelectorAttributes | None = None
    name: str | None = None
    namespace: str | None = None
    resource: str | None = None
    subresource: str | None = None
    verb: str | None = None
    version: str | None = None


class SubjectAccessReviewSpec(Model):
    """Subject Access Review Spec."""

    extra: dict[str, list[str]] = {}
    groups: list[str] = []
    non_resource_attributes: NonResourceAttributes | None = None
    resource_attributes: ResourceAttributes | None = None
    uid: str | None = None
    user: str | None = None


class SubjectAccessReviewStatus(Model):
    """Subject Access Review Status."""

    allowed: bool = sent(False)
    denied: bool | None = None
    evaluation_error: str | None = None
    reason: str | None = None


class LocalSubjectAccessReview(Model):
    """Local Subject Access Review."""

    api_version: str = sent("authorization.k8s.io/v1")
    kind: str = sent("LocalSubjectAccessReview")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: SubjectAccessReviewSpec = sent(SubjectAccessReviewSpec)
    status: SubjectAccessReviewStatus = sent(SubjectAccessReviewStatus)


class NonResourceRule(Model):
    """Non Resource Rule."""

    verbs: list[str] = sent([])
    non_resource_urls: list[str] = []


class ResourceRule(Model):
    """Resource Rule."""

    verbs: list[str] = sent([])
    api_groups: list[str] = []
    resource_names: list[str] = []
    resources: list[str] = []


class SelfSubjectAccessReviewSpec(Model):
    """Self Subject Access Review Spec."""

    non_resource_attributes: NonResourceAttributes | None = None
    resource_attributes: ResourceAttributes | None = None


class SelfSubjectAccessReview(Model):
    """Self Subject Access Review."""

    api_version: str = sent("authorization.k8s.io/v1")
    kind: str = sent("SelfSubjectAccessReview")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: SelfSubjectAccessReviewSpec = sent(SelfSubjectAccessReviewSpec)
    status: SubjectAccessReviewStatus = sent(SubjectAccessReviewStatus)


class SelfSubjectRulesReviewSpec(Model):
    """Self Subject Rules Review Spec."""

    namespace: str | None = None


class SubjectRulesReviewStatus(Model):
    """Subject Rules Review Status."""

    incomplete: bool = sent(False)
    non_resource_rules: list[NonResourceRule] = sent([])
    resource_rules: list[ResourceRule] = sent([])
    evaluation_error: str | None = None


class SelfSubjectRulesReview(Model):
    """Self Subject Rules Review."""

    api_version: str = sent("authorization.k8s.io/v1")
    kind: str = sent("SelfSubjectRulesReview")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: SelfSubjectRulesReviewSpec = sent(SelfSubjectRulesReviewSpec)
    status: SubjectRulesReviewStatus = sent(SubjectRulesReviewStatus)


class SubjectAccessReview(Model):
    """Subject Access Review."""

    api_version: str = sent("authorization.k8s.io/v1")
    kind: str = sent("SubjectAccessReview")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: SubjectAccessReviewSpec = sent(SubjectAccessReviewSpec)
    status: SubjectAccessReviewStatus = sent(SubjectAccessReviewStatus)
