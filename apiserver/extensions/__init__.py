"""Custom resources: apiextensions.k8s.io/v1, from a definition to served objects.

    definition/   what a CustomResourceDefinition may say: its validation, with upstream's messages
    schema/       what its schema does to objects: prune, default, coerce metadata, validate
    cel/          rules in CEL (x-kubernetes-validations), over the cel-python library, with a cost bound
    serving/      a Kind, a Resource and a Strategy made of a definition, so that the generic registry serves it
    conversion.py between versions: None, or a webhook
    names.py      which names a definition gets (pure); controller.py writes that, and cleans up on deletion
    catalog.py    all definitions that are served now; tells discovery and OpenAPI of changes

Mirrors staging/src/k8s.io/apiextensions-apiserver. Custom resources take the same path as built-in kinds (routes →
registry.write → cache): only the Kind, the Strategy and the Resource differ. Definitions and objects are plain dicts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minik8s.apiserver.extensions.controller import DefinitionController
    from minik8s.apiserver.registry.registry import ServerRegistry


def start_custom_resources(registry: ServerRegistry) -> DefinitionController:
    """The controller of definitions, to be run for as long as the server serves."""
    from minik8s.apiserver.extensions.catalog import Catalog
    from minik8s.apiserver.extensions.controller import DefinitionController

    return DefinitionController(registry, Catalog(registry))
