"""What a CustomResourceDefinition may say (pure checks over its wire form).

validation.py   the definition: names, versions, conversion, columns, subresources, what may change
schemas.py      one schema as OpenAPI allows it, and the rules of the x-kubernetes- extensions
structural.py   the rules that make a schema structural
defaults.py     defaults are valid and pruned
facts.py        small questions to a definition (conditions, versions) that others ask too
"""
