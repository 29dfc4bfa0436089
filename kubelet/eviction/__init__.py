"""When the node gets short of something, or a pod takes more than it may: which pod has to go, and its going.

Mirrors upstream pkg/kubelet/eviction. `thresholds` reads --eviction-hard and says which are crossed, `ranking` who goes
first, `limits` who has outgrown its own ephemeral-storage or sizeLimit: all three pure. `usage` measures; `manager` is
the loop. `garbage` removes what nobody needs any more: images that this kubelet pulled, records of dead containers.
"""
