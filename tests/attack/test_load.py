"""One member's heavy requests do not stop everybody's pages (T12)."""

from __future__ import annotations

from portal.web import pdf
from portal.web.pdf_pool import WAITING


def test_papers_beyond_what_can_wait_are_asked_for_later(client_as, world):
    """T12: the slow work has places of its own, and other pages go on."""
    number = world.submitted_order(world.d1)
    browser = client_as(world.d1.clerk)
    assert browser.get(f"/orders/{number}.pdf").status_code == 200
    pool = pdf._printer._own_pool()
    places = pdf._printer._workers + WAITING
    taken = [pool._callers.acquire(blocking=False) for _ in range(places)]
    try:
        assert all(taken)
        answer = browser.get(f"/orders/{number}.pdf")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert browser.get("/orders").status_code == 200
    finally:
        for _ in taken:
            pool._callers.release()
    assert browser.get(f"/orders/{number}.pdf").status_code == 200
