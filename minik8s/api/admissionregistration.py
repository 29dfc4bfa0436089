"""Models: admissionregistration.py."""

from typing import Annotated

from minik8s.api.base import Base64, Int32, Int64, ListMap, ListSet, MergeKey, Model, sent
from minik8s.api.meta import Condition, LabelSelector, ObjectMeta


class AuditAnnotation(Model):
    """Audit Annotation."""

    key: str
    value_expression: str


class ExpressionWarning(Model):
    """Expression Warning."""

    field_ref: str
    warning: str


class MatchCondition(Model):
    """Match Condition."""

    expression: str
    name: str


class NamedRuleWithOperations(Model, atomic=True):
    """Named Rule With Operations."""

    api_groups: list[str] = []
    api_versions: list[str] = []
    operations: list[str] = []
    resource_names: list[str] = []
    resources: list[str] = []
    scope: str | None = None


class MatchResources(Model, atomic=True):
    """Match Resources."""

    exclude_resource_rules: list[NamedRuleWithOperations] = []
    match_policy: str | None = None
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None
    resource_rules: list[NamedRuleWithOperations] = []


class RuleWithOperations(Model):
    """Rule With Operations."""

    api_groups: list[str] = []
    api_versions: list[str] = []
    operations: list[str] = []
    resources: list[str] = []
    scope: str | None = None


class ServiceReference(Model):
    """Service Reference."""

    name: str
    namespace: str
    path: str | None = None
    port: Int32 | None = None


class WebhookClientConfig(Model):
    """Webhook Client Config."""

    ca_bundle: Base64 | None = None
    service: ServiceReference | None = None
    url: str | None = None


class MutatingWebhook(Model):
    """Mutating Webhook."""

    admission_review_versions: list[str] = sent([])
    client_config: WebhookClientConfig
    name: str
    side_effects: str
    failure_policy: str | None = None
    match_conditions: Annotated[list[MatchCondition], MergeKey("name"), ListMap("name")] = []
    match_policy: str | None = None
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None
    reinvocation_policy: str | None = None
    rules: list[RuleWithOperations] = []
    timeout_seconds: Int32 | None = None


class MutatingWebhookConfiguration(Model):
    """Mutating Webhook Configuration."""

    api_version: str = sent("admissionregistration.k8s.io/v1")
    kind: str = sent("MutatingWebhookConfiguration")
    metadata: ObjectMeta = sent(ObjectMeta)
    webhooks: Annotated[list[MutatingWebhook], MergeKey("name"), ListMap("name")] = []


class ParamKind(Model, atomic=True):
    """Param Kind."""

    api_version: str | None = None
    kind: str | None = None


class ParamRef(Model, atomic=True):
    """Param Ref."""

    name: str | None = None
    namespace: str | None = None
    parameter_not_found_action: str | None = None
    selector: LabelSelector | None = None


class TypeChecking(Model):
    """Type Checking."""

    expression_warnings: list[ExpressionWarning] = []


class Validation(Model):
    """Validation."""

    expression: str
    message: str | None = None
    message_expression: str | None = None
    reason: str | None = None


class Variable(Model, atomic=True):
    """Variable."""

    expression: str
    name: str


class ValidatingAdmissionPolicySpec(Model):
    """Validating Admission Policy Spec."""

    audit_annotations: list[AuditAnnotation] = []
    failure_policy: str | None = None
    match_conditions: Annotated[list[MatchCondition], MergeKey("name"), ListMap("name")] = []
    match_constraints: MatchResources | None = None
    param_kind: ParamKind | None = None
    validations: list[Validation] = []
    variables: Annotated[list[Variable], MergeKey("name"), ListMap("name")] = []


class ValidatingAdmissionPolicyStatus(Model):
    """Validating Admission Policy Status."""

    conditions: Annotated[list[Condition], ListMap("type")] = []
    observed_generation: Int64 | None = None
    type_checking: TypeChecking | None = None


class ValidatingAdmissionPolicy(Model):
    """Validating Admission Policy."""

    api_version: str = sent("admissionregistration.k8s.io/v1")
    kind: str = sent("ValidatingAdmissionPolicy")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: ValidatingAdmissionPolicySpec = sent(ValidatingAdmissionPolicySpec)
    status: ValidatingAdmissionPolicyStatus = sent(ValidatingAdmissionPolicyStatus)


class ValidatingAdmissionPolicyBindingSpec(Model):
    """Validating Admission Policy Binding Spec."""

    match_resources: MatchResources | None = None
    param_ref: ParamRef | None = None
    policy_name: str | None = None
    validation_actions: Annotated[list[str], ListSet()] = []


class ValidatingAdmissionPolicyBinding(Model):
    """Validating Admission Policy Binding."""

    api_version: str = sent("admissionregistration.k8s.io/v1")
    kind: str = sent("ValidatingAdmissionPolicyBinding")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: ValidatingAdmissionPolicyBindingSpec = sent(ValidatingAdmissionPolicyBindingSpec)


class ValidatingWebhook(Model):
    """Validating Webhook."""

    admission_review_versions: list[str] = sent([])
    client_config: WebhookClientConfig
    name: str
    side_effects: str
    failure_policy: str | None = None
    match_conditions: Annotated[list[MatchCondition], MergeKey("name"), ListMap("name")] = []
    match_policy: str | None = None
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None
    rules: list[RuleWithOperations] = []
    timeout_seconds: Int32 | None = None


class ValidatingWebhookConfiguration(Model):
    """Validating Webhook Configuration."""

    api_version: str = sent("admissionregistration.k8s.io/v1")
    kind: str = sent("ValidatingWebhookConfiguration")
    metadata: ObjectMeta = sent(ObjectMeta)
    webhooks: Annotated[list[ValidatingWebhook], MergeKey("name"), ListMap("name")] = []
