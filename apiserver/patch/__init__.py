"""The three patch formats: JSON patch, JSON merge patch, strategic merge patch.

Each module has `apply(original, patch, …)`: pure, returns a new tree that shares nothing with what it was given, so
that a patch can be tried again on a newer object and the result may be changed in place.
"""
