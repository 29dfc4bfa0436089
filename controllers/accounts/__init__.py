"""What every namespace is given so that pods can talk to the API server: an account, tokens, the root certificate.

Mirrors upstream's pkg/controller/serviceaccount and pkg/controller/certificates/rootcacertpublisher.
"""
