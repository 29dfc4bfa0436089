"""Namespace deletion: empty it of everything, then let it go.

Mirrors upstream's pkg/controller/namespace (v1.33: pods go before the rest).
"""
