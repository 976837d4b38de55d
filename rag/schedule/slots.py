"""Slots: the moments at which a schedule is due, as its time zone's clocks show them.

A slot is named by the wall clock ("2026-03-29T02:30"), so that each is one slot whatever the clocks do:

* a time that is skipped when clocks go forward is due at the first minute that exists;
* a time that comes twice when clocks go back is due the first time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from rag.errors import UsageError

_MINUTE = timedelta(minutes=1)
_LONGEST_GAP = timedelta(days=1, minutes=1)
"""Samoa once left out a whole day."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Slot:
    """One due moment."""

    label: str
    """The wall clock's minute, ISO 8601 without an offset; unique within a schedule."""
    due: datetime
    """UTC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """When a schedule is due: a cron expression, or a time on each month's first working day (Monday to Friday)."""

    cron: str = ""
    first_working_day: str = ""
    """"HH:MM"; empty where cron is given."""
    zone: str

    def after(self, moment: datetime) -> Iterator[Slot]:
        """Every slot whose wall-clock minute is later than ``moment`` (aware), in order, without end."""
        zone = zone_of(self.zone)
        wall = moment.astimezone(zone).replace(tzinfo=None, fold=0)
        for local in self._local(wall):
            yield Slot(label=local.isoformat(timespec="minutes"), due=_due(local, zone))

    def explained(self) -> str:
        """In words."""
        if self.cron:
            return f"{CronSim(self.cron, datetime(2026, 1, 1)).explain()} ({self.zone})"  # noqa: DTZ001 - the words depend on no day
        return f"At {self.first_working_day} on the first working day of the month ({self.zone})"

    def _local(self, wall: datetime) -> Iterator[datetime]:
        if self.cron:
            yield from CronSim(self.cron, wall)
            return
        hour, minute = (int(part) for part in self.first_working_day.split(":"))
        month = wall.replace(day=1, hour=hour, minute=minute, second=0, microsecond=0)
        while True:
            day = month + timedelta(days=(7 - month.weekday()) % 7 if month.weekday() > 4 else 0)
            if day > wall:
                yield day
            month = (month + timedelta(days=32)).replace(day=1)


def rhythm(*, cron: str, first_working_day: str, zone: str) -> Rhythm:
    """Checked whole. Raises UsageError naming what cannot be."""
    zone_of(zone)
    if bool(cron) == bool(first_working_day):
        raise UsageError('give either cron, such as "0 7 * * MON", or first_working_day, such as "07:00"')
    try:
        if cron:
            next(CronSim(cron, datetime(2026, 1, 1)))  # noqa: DTZ001 - a wall clock
        else:
            datetime.strptime(first_working_day, "%H:%M")  # noqa: DTZ007 - a time of day only
    except (CronSimError, StopIteration) as error:
        raise UsageError(f'cron {cron!r} is never due or no cron expression ({error}); write five fields, such as "0 7 * * MON"') from error
    except ValueError as error:
        raise UsageError(f"first_working_day {first_working_day!r} is no time of day such as 07:00") from error
    return Rhythm(cron=cron, first_working_day=first_working_day, zone=zone)


def zone_of(name: str) -> ZoneInfo:
    """Raises UsageError for a zone that is not in the time zone database."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f'the time zone {name!r} is unknown; write one such as "Europe/Berlin" or "UTC"') from error


def day_of(slot: str) -> datetime:
    """The wall clock of a slot's label."""
    return datetime.fromisoformat(slot)


def _due(local: datetime, zone: ZoneInfo) -> datetime:
    """The first moment at which the zone's clocks show that minute, or the first minute after it that they show."""
    last = local + _LONGEST_GAP
    while local < last:
        moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None, fold=0) == local:
            return moment
        local += _MINUTE
    raise UsageError(f"the time zone {zone.key} has no minute near {local}")
