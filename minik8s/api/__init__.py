"""The API's kinds: one module per group, imported by whoever needs it (`from minik8s.api import core, apps`)."""
