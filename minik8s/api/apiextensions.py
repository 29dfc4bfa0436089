"""apiextensions.k8s.io/v1: custom resources and their schemas.

Mirrors upstream's staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/types.go;
rules of the notation: api/base.py.
"""

from typing import Annotated

from pydantic import Field

from minik8s.api.base import Base64, Double, Int32, Int64, JSONValue, ListMap, MergeKey, Model, Time, omitted, sent
from minik8s.api.meta import ObjectMeta


class CustomResourceColumnDefinition(Model):
    """A column of kubectl get."""

    name: str  #: Its heading.
    type: str  #: string, integer, number, boolean or date.
    format: str | None = None  #: Its OpenAPI format.
    description: str | None = None  #: What it shows.
    priority: Int32 | None = None  #: 0 always, above only with -o wide.
    json_path: str  #: Where the value is: .spec.replicas.


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


class WebhookConversion(Model):
    """How a conversion webhook is called."""

    client_config: WebhookClientConfig | None = None  #: How to reach it.
    conversion_review_versions: list[str] = sent([])  #: Versions of the review it knows.


class CustomResourceConversion(Model):
    """How versions turn into each other."""

    strategy: str  #: None (only apiVersion changes) or Webhook.
    webhook: WebhookConversion | None = None  #: The webhook.


class CustomResourceDefinitionNames(Model):
    """Names of a custom resource."""

    plural: str  #: Plural, in the path: crontabs.
    singular: str | None = None  #: Singular: crontab.
    short_names: list[str] = []  #: Names for the command line.
    kind: str  #: Kind: CronTab.
    list_kind: str | None = None  #: Kind of its list: CronTabList.
    categories: list[str] = []  #: Sets it belongs to: all.


class CustomResourceSubresourceScale(Model):
    """Where scale finds its numbers."""

    spec_replicas_path: str  #: Number wanted: .spec.replicas.
    status_replicas_path: str  #: Number there is: .status.replicas.
    label_selector_path: str | None = None  #: Labels of the pods, as text.


class CustomResourceSubresourceStatus(Model):
    """The status subresource; it has no settings."""


class CustomResourceSubresources(Model):
    """Subresources of a custom resource."""

    status: CustomResourceSubresourceStatus | None = None  #: Status apart from spec.
    scale: CustomResourceSubresourceScale | None = None  #: Scaling.


class ExternalDocumentation(Model):
    """Further reading."""

    description: str | None = None  #: What it is.
    url: str | None = None  #: Where it is.


class ValidationRule(Model):
    """A rule in CEL."""

    rule: str  #: CEL that must be true; self is the value here.
    message: str | None = None  #: What to say when it is not.
    message_expression: str | None = None  #: CEL that makes the message.
    reason: str | None = None  #: Reason of the refusal.
    field_path: str | None = None  #: Field to blame.
    optional_old_self: bool | None = None  #: Also check new values, oldSelf being optional.


class JSONSchemaProps(Model):
    """A JSON Schema, as far as custom resources may use it."""

    id: str | None = None  #: Not used.
    schema_: str | None = Field(None, alias="$schema")  #: Not used.
    ref: str | None = Field(None, alias="$ref")  #: Not allowed.
    description: str | None = None  #: What it is.
    type: str | None = None  #: object, array, string, integer, number or boolean.
    format: str | None = None  #: int32, date-time, byte …
    title: str | None = None  #: Short name.
    default: JSONValue | None = None  #: Value where absent.
    maximum: Double | None = None  #: Greatest number.
    exclusive_maximum: bool | None = None  #: Whether that one is too great itself.
    minimum: Double | None = None  #: Least number.
    exclusive_minimum: bool | None = None  #: Whether that one is too small itself.
    max_length: Int64 | None = None  #: Most characters.
    min_length: Int64 | None = None  #: Fewest characters.
    pattern: str | None = None  #: Regular expression to match.
    max_items: Int64 | None = None  #: Most elements.
    min_items: Int64 | None = None  #: Fewest elements.
    unique_items: bool | None = None  #: Not allowed to be true.
    multiple_of: Double | None = None  #: A multiple of this.
    enum: list[JSONValue] = []  #: One of these.
    max_properties: Int64 | None = None  #: Most properties.
    min_properties: Int64 | None = None  #: Fewest properties.
    required: list[str] = []  #: Properties that must be there.
    items: "JSONSchemaProps | list[JSONSchemaProps] | None" = None  #: Schema of the elements.
    all_of: "list[JSONSchemaProps]" = []  #: All of these hold.
    one_of: "list[JSONSchemaProps]" = []  #: Exactly one of these holds.
    any_of: "list[JSONSchemaProps]" = []  #: At least one of these holds.
    not_: "JSONSchemaProps | None" = None  #: This does not hold.
    properties: "dict[str, JSONSchemaProps]" = {}  #: Schemas of the properties.
    #: Schema of further properties, or whether there may be any.
    additional_properties: "JSONSchemaProps | bool | None" = None
    pattern_properties: "dict[str, JSONSchemaProps]" = {}  #: Not allowed.
    dependencies: "dict[str, JSONSchemaProps | list[str]]" = {}  #: Not allowed.
    additional_items: "JSONSchemaProps | bool | None" = None  #: Not allowed.
    definitions: "dict[str, JSONSchemaProps]" = {}  #: Not allowed.
    external_docs: ExternalDocumentation | None = None  #: Further reading.
    example: JSONValue | None = None  #: An example.
    nullable: bool | None = None  #: Whether null is a value.
    #: Keep fields that the schema does not name.
    x_kubernetes_preserve_unknown_fields: bool | None = Field(None, alias="x-kubernetes-preserve-unknown-fields")
    #: The value is an object with apiVersion, kind and metadata.
    x_kubernetes_embedded_resource: bool | None = Field(None, alias="x-kubernetes-embedded-resource")
    x_kubernetes_int_or_string: bool | None = Field(None, alias="x-kubernetes-int-or-string")  #: A number or a text.
    #: Keys that tell elements apart.
    x_kubernetes_list_map_keys: list[str] = omitted([], "x-kubernetes-list-map-keys")
    x_kubernetes_list_type: str | None = Field(None, alias="x-kubernetes-list-type")  #: atomic, set or map.
    x_kubernetes_map_type: str | None = Field(None, alias="x-kubernetes-map-type")  #: granular or atomic.
    #: Rules in CEL.
    x_kubernetes_validations: Annotated[list[ValidationRule], MergeKey("rule"), ListMap("rule")] = omitted(
        [], "x-kubernetes-validations"
    )


class CustomResourceValidation(Model):
    """How objects are checked."""

    open_apiv3_schema: JSONSchemaProps | None = Field(None, alias="openAPIV3Schema")  #: The schema.


class SelectableField(Model):
    """A field to select by."""

    json_path: str  #: Where it is: .spec.color.


class CustomResourceDefinitionVersion(Model):
    """A version of a custom resource."""

    name: str  #: v1, v1beta1 …
    served: bool  #: Whether it is served.
    storage: bool  #: Whether it is the stored one; exactly one is.
    schema_: CustomResourceValidation | None = None  #: How objects are checked, and which fields are kept.
    subresources: CustomResourceSubresources | None = None  #: Its subresources.
    additional_printer_columns: list[CustomResourceColumnDefinition] = []  #: Columns of kubectl get.
    deprecated: bool | None = None  #: Warn those who use it.
    deprecation_warning: str | None = None  #: With these words.
    selectable_fields: list[SelectableField] = []  #: Fields to select by.


class CustomResourceDefinitionSpec(Model):
    """A new kind, and its versions."""

    group: str  #: Its group.
    names: CustomResourceDefinitionNames  #: Its names.
    scope: str  #: Namespaced or Cluster.
    versions: list[CustomResourceDefinitionVersion] = sent([])  #: Its versions.
    conversion: CustomResourceConversion | None = None  #: How they turn into each other.
    preserve_unknown_fields: bool | None = None  #: Must be false.


class CustomResourceDefinitionCondition(Model):
    """An observation of a definition."""

    type: str  #: Established, NamesAccepted, NonStructuralSchema, Terminating …
    status: str  #: True, False or Unknown.
    last_transition_time: Time | None = None  #: When the condition last changed its status.
    reason: str | None = None  #: Why, in one CamelCase word.
    message: str | None = None  #: Details, for people.


class CustomResourceDefinitionStatus(Model):
    """Whether the kind is served."""

    #: Observations with a truth value each, by type.
    conditions: Annotated[list[CustomResourceDefinitionCondition], ListMap("type")] = []
    accepted_names: CustomResourceDefinitionNames | None = None  #: Names in use.
    stored_versions: list[str] = []  #: Versions that objects may be stored in.


class CustomResourceDefinition(Model):
    """Adds a kind to the API."""

    api_version: str = sent("apiextensions.k8s.io/v1")
    kind: str = sent("CustomResourceDefinition")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: CustomResourceDefinitionSpec
    status: CustomResourceDefinitionStatus = sent(CustomResourceDefinitionStatus)
