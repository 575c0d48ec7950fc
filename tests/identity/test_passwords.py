"""Passwords: argon2id at OWASP's minimum, the same work whoever is asked for, two at a time (AN2, AN3)."""

from __future__ import annotations

import threading
import time

import pytest

from portal.identity import passwords
from tests.identity.people import PASSWORD, password_hash


def test_a_hash_is_argon2id_at_owasps_minimum_and_salted() -> None:
    assert password_hash().startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.hashed(PASSWORD) != password_hash()


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        (PASSWORD, True),
        (PASSWORD + " ", False),
        (PASSWORD.lower(), False),
        ("", False),
        ("\0", False),
        (PASSWORD + "\0", False),
        ("x" * 5000, False),
    ],
)
def test_only_the_very_same_password_matches(typed: str, right: bool) -> None:
    assert passwords.matches(typed, password_hash()) is right


def test_AN3_an_unknown_login_is_never_right_and_is_verified_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Counting:
        def verify(self, stored: str, typed: str) -> bool:
            asked.append(stored)
            return True

    monkeypatch.setattr(passwords, "_hasher", Counting())
    assert passwords.matches("nobody has this password", None) is False
    assert asked == [passwords._NOBODY]


@pytest.mark.parametrize("stored", ["", "no password", "$argon2id$broken", "$2b$12$abcdefghijklmnopqrstuv"])
def test_a_stored_text_that_is_no_hash_matches_nothing(stored: str) -> None:
    assert passwords.matches("no password", stored or "x") is False


def test_AN2_a_flood_is_verified_two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock, both = [0], [0], threading.Lock(), threading.Barrier(2)

    class Counting:
        def verify(self, stored: str, typed: str) -> bool:
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            both.wait()  # two are inside together, and no third one can be
            time.sleep(0)
            with lock:
                running[0] -= 1
            return True

    monkeypatch.setattr(passwords, "_hasher", Counting())
    threads = [threading.Thread(target=passwords.matches, args=("x", "y")) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 2
