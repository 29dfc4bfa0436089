"""Admission webhooks: other people's servers that look at writes before they are stored, and may change or refuse them.

    configuration.py  Mutating/ValidatingWebhookConfiguration objects, read from the watch cache → parsed hooks
    matching.py       which hooks want which write: rules, scope, selectors, equivalent versions (pure)
    review.py         AdmissionReview: the question, and what counts as an answer (pure)
    failures.py       refusals and failed calls in upstream's words
    services.py       where a Service's requests go: EndpointSlices, else its cluster IP
    client.py         the HTTPS call, over pooled connections
    plugin.py         what both kinds of webhook share: from a write to the hooks to be called
    mutating.py       one after the other, by name, with reinvocation
    validating.py     all at once
    metrics.py        counts under upstream's names

Mirrors staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook. ``client.WebhookClient`` also serves conversion
webhooks. Left out: the audit log, so audit annotations are checked for nothing and dropped; kubeconfig files with
credentials for webhooks (--admission-control-config-file).
"""
