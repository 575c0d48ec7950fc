"""Every call comes on 2026-10-06, 10:00 in Shanghai, unless a test says another day."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.core import clock
from tests.factories.world import at


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    with clock.frozen(at("2026-10-06 10:00")):
        yield
