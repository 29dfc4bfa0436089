"""Rules in CEL (Common Expression Language): x-kubernetes-validations, and what admission asks in CEL.

    presence.py    does a schema have rules at all (the rest, and the library, is only imported then)
    program.py     text → Program → value: the interface
    compiler.py    the library's syntax tree → closures; macros; names and fields are checked here
    fields.py      fields and elements, by schema and at run time
    operators.py   what operators do to values: overflow, division, ordering, equality
    values.py      CEL's values as Python's, and their conversion from JSON by a schema
    budget.py      what an evaluation may cost
    functions.py   CEL's standard functions; strings.py, kubernetes.py: the extensions that Kubernetes has
    checking.py    the rules of a definition compile
    validator.py   the rules hold for an object

Parsing is cel-python's (its grammar of CEL, over lark); evaluation is ours: the library's own evaluator cannot be
bounded in cost, and copies its scope at every step of a macro. Mirrors staging/src/k8s.io/apiserver/pkg/cel and
apiextensions-apiserver/pkg/apiserver/schema/cel.

Left out: static types beyond fields of schemas (an operator's operands are checked when it runs), the cost estimate at
definition time (the bound at run time holds), optional field syntax (`?.`, `[?…]`), semver, and the authorizer.
"""
