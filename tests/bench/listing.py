"""The list of orders beside a bare page of the same rows, and the same list of ten times as many."""

from __future__ import annotations

import psycopg

from tests.bench import processes
from tests.bench.clients import Browser, attack
from tests.bench.figures import Figure
from tests.bench.generator import BIG
from tests.bench.places import Place


def listing(small: Place, large: Place, *, rounds: int, many: int) -> list[Figure]:
    """The first page of the list at headquarters, at two sizes, and the bare page of the smaller."""
    with (
        processes.serving(small) as few,
        processes.serving(large) as lots,
        processes.serving(small, processes.BARE) as bare,
    ):
        pages = {port: Browser(port, "clerk-big").get("/orders") for port in (few, lots, bare)}
        speeds: dict[int, list[float]] = {port: [] for port in pages}
        for turn in range(rounds + 1):
            for port, page in pages.items():
                speed = attack([port], [page] * (many if turn else 40), 200)
                if turn:
                    speeds[port].append(speed)
    best = {port: max(found) for port, found in speeds.items()}
    sizes = [_orders(place) for place in (small, large)]
    return [
        Figure(f"50-row list of {sizes[0]:,} orders, 8 clients", f"{best[few]:.0f} pages/s", f"{best[bare]:.0f} pages/s",
               best[few] / best[bare], 0.35, at_least=True),
        Figure(f"the same of {sizes[1]:,} (time, against the smaller)", f"{best[lots]:.0f} pages/s", f"{best[few]:.0f} pages/s",
               best[few] / best[lots], 1.3),
    ]  # fmt: skip


def _orders(place: Place) -> int:
    with psycopg.connect(place.admin_url) as connection:
        (found,) = connection.execute("SELECT count(*) FROM app.orders WHERE brand_id = %s", [BIG]).fetchone() or (0,)
    return int(found)
