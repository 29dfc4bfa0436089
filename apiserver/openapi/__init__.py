"""/openapi/v2 and /openapi/v3: the API described for machines, and for `kubectl explain`.

    descriptions.py   docstrings and `#:` comments of the models, read from their source
    schemas.py        a model class → its definition
    operations.py     a kind → its paths and verbs
    documents.py      the documents themselves: `OpenAPI(kinds)`
    protobuf.py       the v2 document in gnostic's protobuf, which kubectl ≤ 1.26 asks for

Everything is a pure function of the scheme (and of the custom kinds given), made when first asked for and kept.
Mirrors upstream's generated zz_generated.openapi.go and k8s.io/kube-openapi. Left out: v3 in protobuf (clients that ask
for it accept JSON), the deprecated /watch/ paths.
"""

from minik8s.apiserver.openapi.documents import OpenAPI as OpenAPI
