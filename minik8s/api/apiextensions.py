"""Models: apiextensions.py."""

from typing import Annotated

from pydantic import Field

from minik8s.api.base import Base64, Double, Int32, Int64, JSONValue, ListMap, MergeKey, Model, Time, omitted, sent
from minik8s.api.meta import ObjectMeta


class CustomResourceColumnDefinition(Model):
    """Custom Resource Column Definition."""

    json_path: str
    name: str
    type: str
    description: str | None = None
    format: str | None = None
    priority: Int32 | None = None


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


class WebhookConversion(Model):
    """Webhook Conversion."""

    conversion_review_versions: list[str] = sent([])
    client_config: WebhookClientConfig | None = None


class CustomResourceConversion(Model):
    """Custom Resource Conversion."""

    strategy: str
    webhook: WebhookConversion | None = None


class CustomResourceDefinitionNames(Model):
    """Custom Resource Definition Names."""

    kind: str
    plural: str
    categories: list[str] = []
    list_kind: str | None = None
    short_names: list[str] = []
    singular: str | None = None


class CustomResourceSubresourceScale(Model):
    """Custom Resource Subresource Scale."""

    spec_replicas_path: str
    status_replicas_path: str
    label_selector_path: str | None = None


class CustomResourceSubresourceStatus(Model):
    """Custom Resource Subresource Status."""


class CustomResourceSubresources(Model):
    """Custom Resource Subresources."""

    scale: CustomResourceSubresourceScale | None = None
    status: CustomResourceSubresourceStatus | None = None


class ExternalDocumentation(Model):
    """External Documentation."""

    description: str | None = None
    url: str | None = None


class ValidationRule(Model):
    """Validation Rule."""

    rule: str
    field_path: str | None = None
    message: str | None = None
    message_expression: str | None = None
    optional_old_self: bool | None = None
    reason: str | None = None


class JSONSchemaProps(Model):
    """J S O N Schema Props."""

    ref: str | None = Field(None, alias="$ref")
    schema_: str | None = Field(None, alias="$schema")
    additional_items: "JSONSchemaProps | bool | None" = None
    additional_properties: "JSONSchemaProps | bool | None" = None
    all_of: "list[JSONSchemaProps]" = []
    any_of: "list[JSONSchemaProps]" = []
    default: JSONValue | None = None
    definitions: "dict[str, JSONSchemaProps]" = {}
    dependencies: "dict[str, JSONSchemaProps | list[str]]" = {}
    description: str | None = None
    enum: list[JSONValue] = []
    example: JSONValue | None = None
    exclusive_maximum: bool | None = None
    exclusive_minimum: bool | None = None
    external_docs: ExternalDocumentation | None = None
    format: str | None = None
    id: str | None = None
    items: "JSONSchemaProps | list[JSONSchemaProps] | None" = None
    max_items: Int64 | None = None
    max_length: Int64 | None = None
    max_properties: Int64 | None = None
    maximum: Double | None = None
    min_items: Int64 | None = None
    min_length: Int64 | None = None
    min_properties: Int64 | None = None
    minimum: Double | None = None
    multiple_of: Double | None = None
    not_: "JSONSchemaProps | None" = None
    nullable: bool | None = None
    one_of: "list[JSONSchemaProps]" = []
    pattern: str | None = None
    pattern_properties: "dict[str, JSONSchemaProps]" = {}
    properties: "dict[str, JSONSchemaProps]" = {}
    required: list[str] = []
    title: str | None = None
    type: str | None = None
    unique_items: bool | None = None
    x_kubernetes_embedded_resource: bool | None = Field(None, alias="x-kubernetes-embedded-resource")
    x_kubernetes_int_or_string: bool | None = Field(None, alias="x-kubernetes-int-or-string")
    x_kubernetes_list_map_keys: list[str] = omitted([], "x-kubernetes-list-map-keys")
    x_kubernetes_list_type: str | None = Field(None, alias="x-kubernetes-list-type")
    x_kubernetes_map_type: str | None = Field(None, alias="x-kubernetes-map-type")
    x_kubernetes_preserve_unknown_fields: bool | None = Field(None, alias="x-kubernetes-preserve-unknown-fields")
    x_kubernetes_validations: Annotated[list[ValidationRule], MergeKey("rule"), ListMap("rule")] = omitted(
        [], "x-kubernetes-validations"
    )


class CustomResourceValidation(Model):
    """Custom Resource Validation."""

    open_apiv3_schema: JSONSchemaProps | None = Field(None, alias="openAPIV3Schema")


class SelectableField(Model):
    """Selectable Field."""

    json_path: str


class CustomResourceDefinitionVersion(Model):
    """Custom Resource Definition Version."""

    name: str
    served: bool
    storage: bool
    additional_printer_columns: list[CustomResourceColumnDefinition] = []
    deprecated: bool | None = None
    deprecation_warning: str | None = None
    schema_: CustomResourceValidation | None = None
    selectable_fields: list[SelectableField] = []
    subresources: CustomResourceSubresources | None = None


class CustomResourceDefinitionSpec(Model):
    """Custom Resource Definition Spec."""

    group: str
    names: CustomResourceDefinitionNames
    scope: str
    versions: list[CustomResourceDefinitionVersion] = sent([])
    conversion: CustomResourceConversion | None = None
    preserve_unknown_fields: bool | None = None


class CustomResourceDefinitionCondition(Model):
    """Custom Resource Definition Condition."""

    status: str
    type: str
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None


class CustomResourceDefinitionStatus(Model):
    """Custom Resource Definition Status."""

    accepted_names: CustomResourceDefinitionNames | None = None
    conditions: Annotated[list[CustomResourceDefinitionCondition], ListMap("type")] = []
    stored_versions: list[str] = []


class CustomResourceDefinition(Model):
    """Custom Resource Definition."""

    api_version: str = sent("apiextensions.k8s.io/v1")
    kind: str = sent("CustomResourceDefinition")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: CustomResourceDefinitionSpec
    status: CustomResourceDefinitionStatus = sent(CustomResourceDefinitionStatus)
