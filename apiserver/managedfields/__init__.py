"""Who owns which field: managedFields on every write, and server-side apply.

Mirrors apimachinery/pkg/util/managedfields and sigs.k8s.io/structured-merge-diff/v4, in these steps, one module each:

- `elements`, `sets`: a set of fields is kept as the JSON of FieldsV1 itself (nested dicts), never as a tree of its own;
- `schema`: what apply must know of a type, from our models' facts or from a custom resource's OpenAPI schema;
- `fieldset`, `compare`, `merge`, `remove`, `validate`: pure functions over (value, schema);
- `entries`: metadata.managedFields, decoded by manager and written back in upstream's order;
- `update`, `apply`: how a write moves ownership, and how an applied configuration becomes an object;
- `profile`, `tracking`: the hooks that the registry and the routes call; `scale`: entries seen through …/scale.

Left out: unions (upstream never enabled them), CBOR.
"""
