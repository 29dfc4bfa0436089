"""Whether a cron expression can be read: five fields, names of months and days, macros, `@every`.

Mirrors the grammar and the errors of github.com/robfig/cron/v3's ParseStandard.
"""

from __future__ import annotations

import re

_MONTHS = {
    name: index
    for index, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_DAYS = {name: index for index, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
#: (lowest, highest, names) of minute, hour, day of month, month, day of week.
_FIELDS: tuple[tuple[int, int, dict[str, int]], ...] = (
    (0, 59, {}), (0, 23, {}), (1, 31, {}), (1, 12, _MONTHS), (0, 6, _DAYS),
)  # fmt: skip
_MACROS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_duration_re = re.compile(r"([0-9]*\.?[0-9]+(ns|us|µs|ms|s|m|h))+")


def problem(schedule: str) -> str:
    """The parser's complaint, "" when the schedule is fine."""
    if not schedule:
        return "empty spec string"
    if schedule.startswith(("TZ=", "CRON_TZ=")):
        schedule = schedule.partition(" ")[2].strip()
    if schedule.startswith("@"):
        return _descriptor(schedule)
    parts = schedule.split()
    if len(parts) != 5:
        shown = "[" + " ".join(parts) + "]"
        return f"expected exactly 5 fields, found {len(parts)}: {shown}"
    for text, (low, high, names) in zip(parts, _FIELDS, strict=True):
        for part in text.split(","):
            found = _range(part, low, high, names)
            if found:
                return found
    return ""


def _descriptor(schedule: str) -> str:
    if schedule in _MACROS:
        return ""
    if schedule.startswith("@every "):
        duration = schedule.removeprefix("@every ")
        if _duration_re.fullmatch(duration):
            return ""
        return f'failed to parse duration {schedule}: time: invalid duration "{duration}"'
    return f"unrecognized descriptor: {schedule}"


def _range(text: str, low: int, high: int, names: dict[str, int]) -> str:
    span, slash, step = text.partition("/")
    if "/" in step:
        return f"too many slashes: {text}"
    ends = span.split("-")
    if ends[0] in ("*", "?"):
        start, end = low, high
    else:
        if len(ends) > 2:
            return f"too many hyphens: {text}"
        numbers = [_number(end, names) for end in ends]
        for end_text, number in zip(ends, numbers, strict=True):
            if number is None:
                return f'failed to parse int from {end_text}: strconv.Atoi: parsing "{end_text}": invalid syntax'
        start = numbers[0] or 0
        end = (numbers[-1] or 0) if len(ends) == 2 else (high if slash else start)
    if slash and not step.isdigit():
        return f'failed to parse int from {step}: strconv.Atoi: parsing "{step}": invalid syntax'
    return _bounds(text, start, end, int(step) if slash else 1, low, high)


def _bounds(text: str, start: int, end: int, step: int, low: int, high: int) -> str:
    if start < low:
        return f"beginning of range ({start}) below minimum ({low}): {text}"
    if end > high:
        return f"end of range ({end}) above maximum ({high}): {text}"
    if start > end:
        return f"beginning of range ({start}) beyond end of range ({end}): {text}"
    if step == 0:
        return f"step of range should be a positive number: {text}"
    return ""


def _number(text: str, names: dict[str, int]) -> int | None:
    if text.lower() in names:
        return names[text.lower()]
    return int(text) if text.isdigit() else None
