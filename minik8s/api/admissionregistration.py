"""admissionregistration.k8s.io/v1: webhooks and policies that look at writes.

Mirrors upstream's staging/src/k8s.io/api/admissionregistration/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Base64, Int32, Int64, ListMap, ListSet, MergeKey, Model, sent
from minik8s.api.meta import Condition, LabelSelector, ObjectMeta


class AuditAnnotation(Model):
    """A value to add to the audit log."""

    key: str  #: Its key.
    value_expression: str  #: CEL that makes it.


class ExpressionWarning(Model):
    """A doubt about an expression."""

    field_ref: str  #: Where it stands.
    warning: str  #: The doubt.


class MatchCondition(Model):
    """A condition in CEL on requests."""

    name: str  #: Its name.
    expression: str  #: CEL that must be true.


class NamedRuleWithOperations(Model, atomic=True):
    """Requests by operation, resource and name."""

    resource_names: list[str] = []  #: Only these names.
    operations: list[str] = []  #: CREATE, UPDATE, DELETE, CONNECT or *.
    api_groups: list[str] = []  #: Groups; * for all.
    api_versions: list[str] = []  #: Versions; * for all.
    resources: list[str] = []  #: Resources; pods/* and */* allowed.
    scope: str | None = None  #: Cluster, Namespaced or *.


class MatchResources(Model, atomic=True):
    """Requests that a policy looks at."""

    namespace_selector: LabelSelector | None = None  #: Labels of the namespace.
    object_selector: LabelSelector | None = None  #: Labels of the object.
    resource_rules: list[NamedRuleWithOperations] = []  #: Requests by resource.
    exclude_resource_rules: list[NamedRuleWithOperations] = []  #: Those left out.
    match_policy: str | None = None  #: Exact or Equivalent (other versions too).


class RuleWithOperations(Model):
    """Requests by operation and resource."""

    operations: list[str] = []  #: CREATE, UPDATE, DELETE, CONNECT or *.
    api_groups: list[str] = []  #: Groups; * for all.
    api_versions: list[str] = []  #: Versions; * for all.
    resources: list[str] = []  #: Resources; pods/* and */* allowed.
    scope: str | None = None  #: Cluster, Namespaced or *.


class ServiceReference(Model):
    """Points at a Service."""

    namespace: str  #: Its namespace.
    name: str  #: Its name.
    path: str | None = None  #: Path of the request.
    port: Int32 | None = None  #: Its port; default 443.


class WebhookClientConfig(Model):
    """How to reach a webhook; a URL or a Service."""

    service: ServiceReference | None = None  #: Or its Service.
    ca_bundle: Base64 | None = None  #: Certificates to trust, PEM in base64.
    url: str | None = None  #: Its address.


class MutatingWebhook(Model):
    """A webhook that may change objects."""

    name: str  #: Full name: x.example.com.
    client_config: WebhookClientConfig  #: How to reach it.
    rules: list[RuleWithOperations] = []  #: Requests it wants.
    failure_policy: str | None = None  #: Fail (the default) or Ignore, when it cannot be reached.
    namespace_selector: LabelSelector | None = None  #: Labels of the namespace.
    side_effects: str  #: None or NoneOnDryRun.
    timeout_seconds: Int32 | None = None  #: Give up after so long; default 10.
    admission_review_versions: list[str] = sent([])  #: Versions of the review it knows.
    match_policy: str | None = None  #: Exact or Equivalent.
    reinvocation_policy: str | None = None  #: Never or IfNeeded: call it again after others changed the object.
    object_selector: LabelSelector | None = None  #: Labels of the object.
    match_conditions: Annotated[list[MatchCondition], MergeKey("name"), ListMap("name")] = []  #: Conditions in CEL.


class MutatingWebhookConfiguration(Model):
    """Webhooks that may change objects before they are stored."""

    api_version: str = sent("admissionregistration.k8s.io/v1")
    kind: str = sent("MutatingWebhookConfiguration")
    metadata: ObjectMeta = sent(ObjectMeta)
    webhooks: Annotated[list[MutatingWebhook], MergeKey("name"), ListMap("name")] = []  #: The webhooks.


class ParamKind(Model, atomic=True):
    """Kind of a policy's parameters."""

    api_version: str | None = None
    kind: str | None = None


class ParamRef(Model, atomic=True):
    """Which parameters a binding uses."""

    name: str | None = None  #: Their name.
    namespace: str | None = None  #: Their namespace.
    selector: LabelSelector | None = None  #: Or their labels.
    parameter_not_found_action: str | None = None  #: Allow or Deny, when there are none.


class TypeChecking(Model):
    """Doubts about a policy's expressions."""

    expression_warnings: list[ExpressionWarning] = []  #: The doubts.


class Validation(Model):
    """A rule in CEL."""

    expression: str  #: CEL that must be true.
    message: str | None = None  #: What to say when it is not.
    reason: str | None = None  #: Reason of the refusal.
    message_expression: str | None = None  #: CEL that makes the message.


class Variable(Model, atomic=True):
    """A named part of expressions."""

    name: str  #: Its name.
    expression: str  #: CEL that makes it.


class ValidatingAdmissionPolicySpec(Model):
    """Rules for requests."""

    param_kind: ParamKind | None = None  #: Kind of its parameters.
    match_constraints: MatchResources | None = None  #: Requests it looks at.
    validations: list[Validation] = []  #: The rules.
    failure_policy: str | None = None  #: Fail (the default) or Ignore, on errors.
    audit_annotations: list[AuditAnnotation] = []  #: Values for the audit log.
    match_conditions: Annotated[list[MatchCondition], MergeKey("name"), ListMap("name")] = []  #: Conditions in CEL.
    variables: Annotated[list[Variable], MergeKey("name"), ListMap("name")] = []  #: Named parts of expressions.


class ValidatingAdmissionPolicyStatus(Model):
    """What was observed of a policy."""

    observed_generation: Int64 | None = None  #: The metadata.generation that this was observed of.
    type_checking: TypeChecking | None = None  #: Doubts about its expressions.
    conditions: Annotated[list[Condition], ListMap("type")] = []  #: Observations with a truth value each, by type.


class ValidatingAdmissionPolicy(Model):
    """Rules in CEL that objects must keep."""

    api_version: str = sent("admissionregistration.k8s.io/v1")
    kind: str = sent("ValidatingAdmissionPolicy")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: ValidatingAdmissionPolicySpec = sent(ValidatingAdmissionPolicySpec)
    status: ValidatingAdmissionPolicyStatus = sent(ValidatingAdmissionPolicyStatus)


class ValidatingAdmissionPolicyBindingSpec(Model):
    """Where a policy applies."""

    policy_name: str | None = None  #: The policy.
    param_ref: ParamRef | None = None  #: Its parameters.
    match_resources: MatchResources | None = None  #: Requests it applies to.
    validation_actions: Annotated[list[str], ListSet()] = []  #: Deny, Warn, Audit.


class ValidatingAdmissionPolicyBinding(Model):
    """Puts a policy into force."""

    api_version: str = sent("admissionregistration.k8s.io/v1")
    kind: str = sent("ValidatingAdmissionPolicyBinding")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: ValidatingAdmissionPolicyBindingSpec = sent(ValidatingAdmissionPolicyBindingSpec)


class ValidatingWebhook(Model):
    """A webhook that may refuse objects."""

    name: str  #: Full name: x.example.com.
    client_config: WebhookClientConfig  #: How to reach it.
    rules: list[RuleWithOperations] = []  #: Requests it wants.
    failure_policy: str | None = None  #: Fail (the default) or Ignore, when it cannot be reached.
    namespace_selector: LabelSelector | None = None  #: Labels of the namespace.
    side_effects: str  #: None or NoneOnDryRun.
    timeout_seconds: Int32 | None = None  #: Give up after so long; default 10.
    admission_review_versions: list[str] = sent([])  #: Versions of the review it knows.
    match_policy: str | None = None  #: Exact or Equivalent.
    object_selector: LabelSelector | None = None  #: Labels of the object.
    match_conditions: Annotated[list[MatchCondition], MergeKey("name"), ListMap("name")] = []  #: Conditions in CEL.


class ValidatingWebhookConfiguration(Model):
    """Webhooks that may refuse objects before they are stored."""

    api_version: str = sent("admissionregistration.k8s.io/v1")
    kind: str = sent("ValidatingWebhookConfiguration")
    metadata: ObjectMeta = sent(ObjectMeta)
    webhooks: Annotated[list[ValidatingWebhook], MergeKey("name"), ListMap("name")] = []  #: The webhooks.
