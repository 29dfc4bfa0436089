"""Add-ons: ordinary clients of the API that a cluster can do without. Each is a process of its own."""
