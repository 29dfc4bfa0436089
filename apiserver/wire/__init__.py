"""Other encodings than JSON: protobuf bodies, as upstream's components and tests send them.

protobuf.py   the envelope: bytes → the object's JSON form
schema.py     from a model and the field numbers to a decoder
values.py     one field's value: the wire types, and Kubernetes' special messages
numbers/      the field numbers
"""
