"""What the generic registry needs to serve custom resources: a Kind, a Resource and a Strategy per version.

kind.py       CustomKind: a Kind with its schema, and how a request's body becomes an object of it
definition.py ServedDefinition: all versions of one definition, with their conversion
resource.py   CustomResource: stored bytes → the version that is asked for
strategy.py   CustomStrategy: validation, generation, status, selectable fields
scale.py      the scale subresource by JSON paths
watching.py   watch events of other versions than the stored one
"""
