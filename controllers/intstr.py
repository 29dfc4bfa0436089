"""IntOrString: a number of pods, or a percentage of them.

Mirrors GetScaledValueFromIntOrPercent in apimachinery's util/intstr.
"""


def scaled_value(value: int | str, total: int, round_up: bool) -> int:
    """`value` in pods: itself if an integer, its share of `total` if a percentage such as "25%"."""
    if isinstance(value, int):
        return value
    if not value.endswith("%"):
        raise ValueError(f'invalid value for IntOrString: invalid type: string is not a percentage: "{value}"')
    product = int(value[:-1]) * total
    return -(-product // 100) if round_up else product // 100
