"""kill -9 of a process that stores photos, at random moments: every row's file is whole, and what is left over is swept (UP7)."""

import os
import random
import signal
import subprocess
import sys

import pytest
from sqlalchemy import text

from portal.core import clock
from portal.core.settings import ROOT
from portal.files import actions, queries, store
from tests.factories.world import at

# Sends photo after photo for an old part, replacing its own, and says each one that is committed.
SENDER = """
import io, itertools, sys
from PIL import Image
from portal.app import create_app
from portal.core import clock
from portal.core.settings import read
from portal.core.db import db, unit_of_work
from portal.identity import queries as identity
from portal.old_parts import actions

brand, dealer, member, login, number = sys.argv[1:]
app = create_app(read())
with app.app_context():
    with db.engine.begin() as connection:
        places = identity.places(connection, int(login))
    actor = next(p for p in places if p.member_id == int(member)).actor(int(login), address=None, via="page")
    for seed in itertools.count():
        out = io.BytesIO()
        Image.effect_noise((700, 500), seed % 90 + 10).save(out, "PNG")
        with unit_of_work(actor.scope) as session:
            photo = actions.add_photo(session, actor, number, data=out.getvalue(), slot="fault", at=clock.now())
        print(photo.public_id, flush=True)
"""


@pytest.fixture
def sender(app, world, settings, tmp_path):
    """Starts the process that sends; its store is a folder of the test's own, and ours too."""
    world.received_order(world.d1, {"P1": 1})
    world.number = world.registered_old_part(world.d1, photos=0)
    actor = world.d1.technician
    environment = {
        **os.environ,
        "PORTAL_ENV": "testing",
        "DATABASE_URL": settings.database_url,
        "PORTAL_CONTEXT_KEY": settings.context_key.hex(),
        "PORTAL_SECRET_KEY": settings.secret_key,
        "PORTAL_HOME": str(tmp_path),
    }
    store.use_folder(tmp_path / "files")
    running = []

    def start():
        scope = actor.scope
        given = [scope.brand_id, scope.dealer_id, scope.member_id, actor.login_id, world.number]
        process = subprocess.Popen(
            [sys.executable, "-c", SENDER, *map(str, given)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()
    store.use(settings)


@pytest.mark.parametrize("seed", range(3))
def test_UP7_kill_9_in_the_middle_of_an_upload_loses_no_photo_and_leaves_no_half(world, sender, tmp_path, seed):
    dice = random.Random(seed)  # noqa: S311 - a seed that can be played again
    process = sender()
    told = [process.stdout.readline().strip() for _ in range(dice.randint(1, 12))]
    for _ in range(dice.randint(0, 300_000)):  # some way into the next upload, however fast the machine
        pass
    process.send_signal(signal.SIGKILL)
    told += [line.strip() for line in process.stdout if line.endswith("\n")]
    process.wait()

    with world.as_(world.hq.system) as session:
        assert list(queries.faults(session, world.brand_id, read=True)) == []  # each row's file, byte for byte
        (kept,) = session.execute(text("SELECT public_id, size FROM photos")).all()
        assert (
            kept.public_id in told[-1:] or kept.public_id not in told
        )  # the last that was told, or one more committed
        assert queries.usage(session, world.d1.id).size == kept.size

    folder = tmp_path / "files" / str(world.brand_id)
    then = clock.machine_now().timestamp() - 90_000
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        os.utime(path, (then, then))
    with world.as_(world.hq.system) as session:
        swept = actions.sweep(session, world.hq.system, at=at("2026-10-11 09:00"))
    assert swept.count >= len(told) - 1  # those that were replaced, and whatever was half done
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1
    with world.as_(world.hq.system) as session:
        assert list(queries.faults(session, world.brand_id, read=True)) == []
