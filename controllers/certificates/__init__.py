"""Certificates on request: signing what was approved, and removing requests that nobody needs any more."""
