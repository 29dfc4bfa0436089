"""What a structural schema does to an object: prune, default, coerce metadata, validate.

Schemas are JSONSchemaProps in wire form (dicts), as they are stored in the definition: nothing is compiled ahead, so a
definition that changes needs no teardown. Pure functions; those named `prune`, `default`, `coerce` change their first
argument in place.
"""
