"""Cron expressions: five fields, names, ranges, steps, `@hourly`, `@every 5m`. Pure.

Mirrors what upstream takes from github.com/robfig/cron/v3 (ParseStandard). Where both day fields are restricted, either
may match, as in every cron. Times are epoch seconds; fields are read in the schedule's zone (UTC by default).
"""

from argparse import ArgumentTypeError
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from minik8s.component.flags import parse_duration

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: number for number, name in enumerate(_MONTHS, 1)}
DAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
NAMED = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
#: how far ahead a next time is looked for; an expression such as "0 0 30 2 *" has none
HORIZON = timedelta(days=5 * 366)


@dataclass(frozen=True)
class Schedule:
    """Sets of allowed values per field, or a plain period."""

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day: bool = True
    any_weekday: bool = True
    zone: str = "UTC"
    every: float = 0.0

    def next(self, after: float) -> float | None:
        """The first time later than `after`."""
        if self.every:
            return float(int(after) + self.every)
        start = datetime.fromtimestamp(int(after // 60) * 60, ZoneInfo(self.zone)).replace(tzinfo=None)
        moment, limit = start + timedelta(minutes=1), start + HORIZON
        while moment <= limit:
            step = self._skip(moment)
            if step is None:
                found = moment.replace(tzinfo=ZoneInfo(self.zone)).timestamp()
                if found > after:  # an hour that the clocks repeat comes once
                    return found
                step = moment + timedelta(minutes=1)
            moment = step
        return None

    def _skip(self, moment: datetime) -> datetime | None:
        """None if the moment fits; else the next moment that may."""
        if moment.month not in self.months:
            return (moment.replace(day=1, hour=0, minute=0) + timedelta(days=32)).replace(day=1)
        if not self._day_fits(moment):
            return moment.replace(hour=0, minute=0) + timedelta(days=1)
        if moment.hour not in self.hours:
            return moment.replace(minute=0) + timedelta(hours=1)
        return None if moment.minute in self.minutes else moment + timedelta(minutes=1)

    def _day_fits(self, moment: datetime) -> bool:
        day, weekday = moment.day in self.days, moment.isoweekday() % 7 in self.weekdays
        return (day and weekday) if self.any_day or self.any_weekday else (day or weekday)


def parse_schedule(text: str, zone: str | None = None) -> Schedule:
    """ValueError where the text is no schedule."""
    text = text.strip()
    for prefix in ("TZ=", "CRON_TZ="):
        if text.startswith(prefix):
            zone, _, text = text.removeprefix(prefix).partition(" ")
    if text.startswith("@every "):
        return Schedule(every=max(1.0, _duration(text.removeprefix("@every ").strip())))
    fields = NAMED.get(text, text).split()
    if len(fields) != 5:
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: [{text}]")
    weekdays = _field(fields[4], 0, 7, DAYS)
    return Schedule(
        minutes=_field(fields[0], 0, 59),
        hours=_field(fields[1], 0, 23),
        days=_field(fields[2], 1, 31),
        months=_field(fields[3], 1, 12, MONTHS),
        weekdays=frozenset(day % 7 for day in weekdays),
        any_day=fields[2][0] in "*?",
        any_weekday=fields[4][0] in "*?",
        zone=str(ZoneInfo(zone or "UTC")),
    )


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ArgumentTypeError as error:
        raise ValueError(str(error)) from None


def _field(text: str, low: int, high: int, names: dict[str, int] | None = None) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step_text = part.partition("/")
        step = int(step_text) if step_text else 1
        first, last = _span(span, low, high, names or {}, bool(step_text))
        if step < 1 or first < low or last > high or first > last:
            raise ValueError(f"out of range: {part}")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _span(text: str, low: int, high: int, names: dict[str, int], stepped: bool) -> tuple[int, int]:
    if text in ("*", "?"):
        return low, high
    first_text, dash, last_text = text.partition("-")
    first = names.get(first_text.lower()) if first_text.lower() in names else int(first_text)
    assert first is not None
    if not dash:
        return first, high if stepped else first
    return first, names[last_text.lower()] if last_text.lower() in names else int(last_text)


def most_recent(schedule: Schedule, after: float, now: float) -> tuple[float | None, int]:
    """(the last time due in (after, now], how many were due); many missed times are counted only up to 101."""
    last, count = None, 0
    moment = schedule.next(after)
    while moment is not None and moment <= now and count <= 100:
        last, count = moment, count + 1
        moment = schedule.next(moment)
    if count > 100:  # after a long pause: search backwards in growing steps instead
        last = _last_before(schedule, now)
    return last, count


def _last_before(schedule: Schedule, now: float) -> float | None:
    for span in (120.0, 7200.0, 172800.0, 40 * 86400.0, 400 * 86400.0):
        moment, last = schedule.next(now - span), None
        while moment is not None and moment <= now:
            last, moment = moment, schedule.next(moment)
        if last is not None:
            return last
    return None
