"""Whether time tells a login that is there from one that is not (AN3): the median difference and the AUC of a timing classifier."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from statistics import median

import pytest

from portal.identity.roles import Role
from tests.factories.world import World
from tests.identity.people import person, token_of

pytestmark = pytest.mark.bench
PAIRS = 400
MOST_SECONDS, MOST_AUC = 0.005, 0.55


def auc(here: list[float], away: list[float]) -> float:
    """How often a random one of ``here`` took longer than a random one of ``away``: 0.5 tells nothing."""
    ranked = sorted([(seconds, 1) for seconds in here] + [(seconds, 0) for seconds in away])
    ranks = sum(rank for rank, (_seconds, kind) in enumerate(ranked, 1) if kind)
    return (ranks - len(here) * (len(here) + 1) / 2) / (len(here) * len(away))


def test_the_yardstick_itself_sees_a_difference() -> None:
    assert auc([1.0, 2.0, 3.0], [0.1, 0.2, 0.3]) == 1.0
    assert auc([1.0, 2.0], [1.5, 0.5]) == 0.75


@pytest.mark.parametrize("where", ["/sign-in", "/forgotten"])
def test_AN3_time_tells_nobody_which_logins_there_are(
    client_as: Callable, world: World, capsys: pytest.CaptureFixture[str], where: str
) -> None:  # type: ignore[type-arg]
    known = [
        person(world, Role.HQ_CLERK, email=f"{number}.{world.code}@mail.example")[1] for number in range(PAIRS // 10)
    ]
    browser, order = client_as(None), random.Random(7)  # noqa: S311 - an order, no secret
    form = token_of(browser, where)
    took: dict[bool, list[float]] = {True: [], False: []}
    for number in range(PAIRS):
        name = known[number % len(known)]
        pair = [(True, name), (False, f"x{name}")]
        order.shuffle(pair)
        for there, login in pair:
            line = {"REMOTE_ADDR": f"10.{90 + there}.{number // 250}.{number % 250 + 1}"}
            data = {"csrf_token": form, "login": login, "password": "not the password"}
            browser.get("/healthz")  # what the request before has left to do is not this one's
            start = time.perf_counter()
            answer = browser.post(where, data=data, headers={}, environ_overrides=line)
            body = answer.get_data()
            took[there].append(time.perf_counter() - start)
            answer.close()
            assert (answer.status_code, bool(body)) == (422 if where == "/sign-in" else 200, True)
    difference, told = median(took[True]) - median(took[False]), auc(took[True], took[False])
    said = f"{where}: median {median(took[True]) * 1000:.1f} ms, difference {difference * 1000:+.2f} ms, AUC {told:.3f}"
    with capsys.disabled():
        sys.stdout.write(f"\n{said}\n")
    assert abs(difference) < MOST_SECONDS, said
    assert abs(told - 0.5) < MOST_AUC - 0.5, said
