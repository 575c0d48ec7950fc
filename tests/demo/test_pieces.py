"""What the demo is made of: office hours, turns in the order of time, the first day, photos."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import click
import pytest
from PIL import Image

from portal.demo import photos, play
from portal.demo.player import Player
from portal.demo.times import Times

TIMES = Times(ZoneInfo("Asia/Shanghai"))


def at(text):
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("after", "minutes", "then"),
    [
        ("2026-11-13T09:00", 30, "2026-11-13T09:30"),
        ("2026-11-13T11:50", 20, "2026-11-13T13:40"),  # lunch
        ("2026-11-13T17:40", 10, "2026-11-16T08:35"),  # Friday evening: Monday
        ("2026-09-30T17:40", 10, "2026-10-06T08:35"),  # the National Day
        ("2026-11-14T12:00", 0.5, "2026-11-16T08:30:30"),
    ],
)
def test_work_goes_on_in_office_hours(after, minutes, then):
    assert TIMES.later(at(after), minutes) == at(then)


def test_days_before_count_days_of_office():
    assert TIMES.days_before(at("2026-11-16T10:00"), 1, hour=9) == at("2026-11-13T09:00")
    assert TIMES.days_before(at("2027-01-02T10:00"), 1, hour=9) == at("2026-12-31T09:00")


def test_stories_take_turns_in_the_order_of_time_and_stop_at_now():
    start = datetime(2026, 8, 1, tzinfo=UTC)
    player, log = Player(start, start + timedelta(hours=5)), []

    def story(name, *hours):
        for hour in hours:
            yield start + timedelta(hours=hour)
            log.append((name, hour))

    player.add(story("a", 1, 4, 6))
    player.add(story("b", 2, 3, 5))
    player.play(lambda _at: None)
    assert log == [("a", 1), ("b", 2), ("b", 3), ("a", 4), ("b", 5)]


def test_three_whole_months_before_now_are_played():
    assert play.first_day(at("2026-11-16T10:00"), None) == date(2026, 8, 1)
    assert play.first_day(at("2026-03-05T10:00"), None) == date(2025, 12, 1)
    assert play.first_day(at("2027-01-01T00:30"), None) == date(2026, 10, 1)
    assert play.first_day(at("2026-11-16T10:00"), "2026-10") == date(2026, 10, 1)


@pytest.mark.parametrize("month", ["2026-12", "2024-01", "soon", "2026-13"])
def test_a_first_month_that_is_none_or_out_of_reach_is_wrong_use(month):
    with pytest.raises(click.UsageError):
        play.first_day(at("2026-11-16T10:00"), month)


def test_a_photo_is_a_jpeg_with_its_number_and_the_same_for_the_same_dice():
    drawn = [
        photos.draw(f"OP2608-{n:04d}", "ST01", "2026-08-12", slot, chance=Random(1))  # noqa: S311
        for n in (1, 2)
        for slot in ("fault", "nameplate")
    ]
    assert len(set(drawn)) == 4
    assert drawn[0] == photos.draw("OP2608-0001", "ST01", "2026-08-12", "fault", chance=Random(1))  # noqa: S311
    image = Image.open(io.BytesIO(drawn[0]))
    assert (image.format, image.size) == ("JPEG", (640, 480))
