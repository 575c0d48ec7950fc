"""A brand and a login of its headquarters, for the tests of signing in."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.identity.roles import Role
from tests.factories.world import World, make_world
from tests.identity.people import give_place, new_login


@pytest.fixture(scope="module")
def home(app: Flask) -> World:
    return make_world()


@pytest.fixture
def clerk(home: World) -> str:
    """A login of headquarters' with a password."""
    login_id, login = new_login()
    give_place(home, login_id, login, Role.HQ_CLERK)
    return login
