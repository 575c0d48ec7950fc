"""When things happen in the demo: office hours of the brand's zone, weekends and the fixed holidays left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WINDOWS = ((time(8, 30), time(12, 0)), (time(13, 30), time(17, 45)))
# The calendar of holidays is a later matter; these are the same in every year.
HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (5, 3), *((10, day) for day in range(1, 6))})


@dataclass(frozen=True, slots=True)
class Times:
    """Office hours in ``zone``. All instants are UTC."""

    zone: ZoneInfo

    def at(self, on: date, hour: int, minute: int = 0) -> datetime:
        """That clock time of that day."""
        return datetime(on.year, on.month, on.day, hour, minute, tzinfo=self.zone).astimezone(UTC)

    def day(self, instant: datetime) -> date:
        """The day of the instant."""
        return instant.astimezone(self.zone).date()

    @staticmethod
    def works(on: date) -> bool:
        """Whether somebody is in the office on that day."""
        return on.weekday() < 5 and (on.month, on.day) not in HOLIDAYS

    def work_day(self, on: date) -> date:
        """That day, or the next on which somebody is in the office."""
        while not self.works(on):
            on += timedelta(days=1)
        return on

    def work_days(self, first: date, last: date) -> list[date]:
        """All days on which somebody is in the office, both ends included."""
        return [on for n in range((last - first).days + 1) if self.works(on := first + timedelta(days=n))]

    def later(self, after: datetime, minutes: float) -> datetime:
        """So many minutes of office time after an instant."""
        here, left = after.astimezone(self.zone).replace(microsecond=0), timedelta(seconds=round(minutes * 60))
        while True:
            if self.works(here.date()):
                for opens, closes in WINDOWS:
                    start = max(here, datetime.combine(here.date(), opens, self.zone))
                    room = datetime.combine(here.date(), closes, self.zone) - start
                    if room > timedelta(0):
                        if left < room:
                            return (start + left).astimezone(UTC)
                        left -= room
            here = datetime.combine(here.date() + timedelta(days=1), time(0), self.zone)

    def days_before(self, now: datetime, days: int, *, hour: int = 9, minute: int = 0) -> datetime:
        """That clock time, so many days of office before ``now``'s day."""
        on = self.day(now)
        while days:
            on -= timedelta(days=1)
            days -= self.works(on)
        return self.at(on, hour, minute)
