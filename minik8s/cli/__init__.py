"""The ``minik8s`` command: cluster verbs for people, component names for supervisors."""
