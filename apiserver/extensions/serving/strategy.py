"""What custom resources do differently from other kinds: their schema decides.

Mirrors apiextensions-apiserver/pkg/registry/customresource/{strategy,status_strategy,validator}.go. Objects were pruned
and defaulted when they were decoded (serving/kind.py).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from minik8s.api.field_errors import FieldError
from minik8s.apiserver.extensions.cel.presence import has_rules
from minik8s.apiserver.extensions.schema.lists import check_lists
from minik8s.apiserver.extensions.schema.object_meta import check_embedded
from minik8s.apiserver.extensions.schema.values import SchemaValidator
from minik8s.apiserver.extensions.serving import paths, scale
from minik8s.apiserver.extensions.serving.kind import CustomKind
from minik8s.apiserver.registry.strategy import Strategy
from minik8s.apiserver.validation import names
from minik8s.apiserver.validation.meta import check_object_meta, check_object_meta_update

Json = dict[str, Any]
Errors = list[FieldError]


class CustomStrategy(Strategy):
    """One version's rules."""

    allow_unconditional_update = False

    def __init__(self, kind: CustomKind) -> None:
        super().__init__(kind)
        self._custom = kind
        self._fields = {
            one["jsonPath"].lstrip("."): one["jsonPath"] for one in kind.version_spec.get("selectableFields") or ()
        }
        self.field_labels = frozenset(self._fields)

    def default(self, obj: Json) -> None:
        """Again after admission: a webhook may have added objects that have defaults of their own."""
        self._custom.fill(obj)

    def prepare_status_update(self, new: Json, old: Json) -> None:
        """Everything is the old object's but status."""
        status, kept = new.get("status"), new["metadata"].get("resourceVersion")
        new.clear()
        new.update(_copy(old))
        if kept is not None:
            new["metadata"]["resourceVersion"] = kept
        if status is None:
            new.pop("status", None)
        else:
            new["status"] = status

    def desired_state(self, obj: Json) -> Any:
        """Anything but metadata; with a status subresource, status is the same in both by now."""
        return {key: value for key, value in obj.items() if key != "metadata"}

    # -- validation -------------------------------------------------------------------------------------------------

    def validate(self, obj: Json) -> Errors:
        errors: Errors = []
        check_object_meta(errors, obj, self.kind.namespaced, names.dns1123_subdomain)
        schema = self._custom.schema
        errors += SchemaValidator().check(obj, schema)
        errors += check_embedded(obj, schema)
        errors += check_lists(obj, schema)
        errors += scale.check(self._custom, obj)
        return errors or self._check_rules(obj, None)

    def validate_update(self, new: Json, old: Json) -> Errors:
        errors: Errors = []
        check_object_meta_update(errors, new, old)
        schema = self._custom.schema
        errors += SchemaValidator().check(new, schema, old)
        errors += check_embedded(new, schema)
        if not check_lists(old, schema):
            errors += check_lists(new, schema)
        errors += scale.check(self._custom, new)
        return errors or self._check_rules(new, old)

    def validate_status_update(self, new: Json, old: Json) -> Errors:
        return self.validate_update(new, old)

    @cached_property
    def _rules(self) -> Any:
        """The compiled rules; None where there are none (and the library stays unloaded)."""
        if not has_rules(self._custom.schema):
            return None
        from minik8s.apiserver.extensions.cel.validator import RuleValidator

        return RuleValidator(self._custom.schema)

    def _check_rules(self, new: Json, old: Json | None) -> Errors:
        errors: Errors = self._rules.check(new, old) if self._rules is not None else []
        return errors

    # -- selection and scale ------------------------------------------------------------------------------------------

    def selectable_fields(self, obj: Json) -> dict[str, str]:
        """metadata's are known from the key."""
        return {label: paths.as_text(paths.get(obj, path)) for label, path in self._fields.items()}

    def scale_of(self, obj: Json) -> Json:
        return scale.scale_of(self._custom, obj)

    def apply_scale(self, obj: Json, wanted: Json) -> None:
        scale.apply_scale(self._custom, obj, wanted)


def _copy(obj: Json) -> Json:
    import orjson

    copied: Json = orjson.loads(orjson.dumps(obj))
    return copied
