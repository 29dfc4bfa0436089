"""ValidatingAdmissionPolicy: rules in CEL that writes must keep, without a webhook.

    expressions.py  compiled expressions, remembered; one error for all that can go wrong
    conditions.py   match conditions, of policies and of webhooks
    definition.py   policies and bindings, parsed
    parameters.py   the objects that a binding hands to its policy
    evaluation.py   one policy's verdicts on one write
    plugin.py       the admission plugin: which policies apply, and what their verdicts become
    validation.py   what a policy or binding must look like to be stored

Mirrors staging/src/k8s.io/apiserver/pkg/admission/plugin/policy (v1.33). Left out: the ``authorizer`` variable (an
expression that names it does not compile, and is refused), type checking against schemas (status.typeChecking stays
empty), MutatingAdmissionPolicy (not GA in v1.33), the audit log: audit annotations are evaluated, since their failure
may refuse the write, and then dropped.
"""
