"""authorization.k8s.io/v1: whether somebody may do something.

Mirrors upstream's staging/src/k8s.io/api/authorization/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Model, sent
from minik8s.api.meta import FieldSelectorRequirement, LabelSelectorRequirement, ObjectMeta


class FieldSelectorAttributes(Model):
    """Field selector of a request."""

    raw_selector: str | None = None  #: As text.
    requirements: list[FieldSelectorRequirement] = []  #: As conditions.


class LabelSelectorAttributes(Model):
    """Label selector of a request."""

    raw_selector: str | None = None  #: As text.
    requirements: list[LabelSelectorRequirement] = []  #: As conditions.


class NonResourceAttributes(Model):
    """A request outside the API."""

    path: str | None = None  #: Its path.
    verb: str | None = None  #: Its HTTP method, in lower case.


class ResourceAttributes(Model):
    """A request to the API."""

    namespace: str | None = None  #: Its namespace.
    verb: str | None = None  #: get, list, create …
    group: str | None = None  #: Its group.
    version: str | None = None  #: Its version.
    resource: str | None = None  #: Its resource.
    subresource: str | None = None  #: Its subresource.
    name: str | None = None  #: Name of the object.
    field_selector: FieldSelectorAttributes | None = None  #: Its field selector.
    label_selector: LabelSelectorAttributes | None = None  #: Its label selector.


class SubjectAccessReviewSpec(Model):
    """Who wants to do what."""

    resource_attributes: ResourceAttributes | None = None  #: A request to the API.
    non_resource_attributes: NonResourceAttributes | None = None  #: Or one outside it.
    user: str | None = None  #: Name of the user.
    groups: list[str] = []  #: Groups the user belongs to.
    extra: dict[str, list[str]] = {}  #: Further attributes, as the authenticator gave them.
    uid: str | None = None  #: Its uid.


class SubjectAccessReviewStatus(Model):
    """The answer."""

    allowed: bool = sent(False)  #: Allowed.
    reason: str | None = None  #: Why.
    evaluation_error: str | None = None  #: What could not be worked out.
    denied: bool | None = None  #: Denied, whatever others say.


class LocalSubjectAccessReview(Model):
    """Asks whether a user may do something in one namespace."""

    api_version: str = sent("authorization.k8s.io/v1")
    kind: str = sent("LocalSubjectAccessReview")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: SubjectAccessReviewSpec = sent(SubjectAccessReviewSpec)
    status: SubjectAccessReviewStatus = sent(SubjectAccessReviewStatus)


class NonResourceRule(Model):
    """What you may do outside the API."""

    verbs: list[str] = sent([])  #: HTTP methods, in lower case.
    non_resource_urls: list[str] = []  #: Paths.


class ResourceRule(Model):
    """What you may do in the API."""

    verbs: list[str] = sent([])  #: get, list, create …
    api_groups: list[str] = []  #: Groups.
    resources: list[str] = []  #: Resources.
    resource_names: list[str] = []  #: Only these names.


class SelfSubjectAccessReviewSpec(Model):
    """What you want to do."""

    resource_attributes: ResourceAttributes | None = None  #: A request to the API.
    non_resource_attributes: NonResourceAttributes | None = None  #: Or one outside it.


class SelfSubjectAccessReview(Model):
    """Asks whether you may do something."""

    api_version: str = sent("authorization.k8s.io/v1")
    kind: str = sent("SelfSubjectAccessReview")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: SelfSubjectAccessReviewSpec = sent(SelfSubjectAccessReviewSpec)
    status: SubjectAccessReviewStatus = sent(SubjectAccessReviewStatus)


class SelfSubjectRulesReviewSpec(Model):
    """Where you want to know your rights."""

    namespace: str | None = None  #: The namespace.


class SubjectRulesReviewStatus(Model):
    """Your rights."""

    resource_rules: list[ResourceRule] = sent([])  #: In the API.
    non_resource_rules: list[NonResourceRule] = sent([])  #: Outside it.
    incomplete: bool = sent(False)  #: Whether there may be more.
    evaluation_error: str | None = None  #: What could not be worked out.


class SelfSubjectRulesReview(Model):
    """Asks what you may do in a namespace."""

    api_version: str = sent("authorization.k8s.io/v1")
    kind: str = sent("SelfSubjectRulesReview")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: SelfSubjectRulesReviewSpec = sent(SelfSubjectRulesReviewSpec)
    status: SubjectRulesReviewStatus = sent(SubjectRulesReviewStatus)


class SubjectAccessReview(Model):
    """Asks whether a user may do something."""

    api_version: str = sent("authorization.k8s.io/v1")
    kind: str = sent("SubjectAccessReview")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: SubjectAccessReviewSpec = sent(SubjectAccessReviewSpec)
    status: SubjectAccessReviewStatus = sent(SubjectAccessReviewStatus)
