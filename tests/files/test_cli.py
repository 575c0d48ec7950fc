"""``portal files sweep`` and ``portal files check`` as an operator calls them."""

import json
import os

import pytest
from click.testing import CliRunner

from portal.cli import portal
from portal.core import clock
from portal.files import store
from portal.files.models import Photo


@pytest.fixture
def run(app, settings, tmp_path):
    """The commands inside the application, over a store of the test's own."""
    store.use_folder(tmp_path / "files")
    yield lambda *arguments: CliRunner().invoke(portal.commands["files"], list(arguments))
    store.use(settings)


def test_UP7_sweep_says_what_it_deleted_for_each_brand(world, run, tmp_path):
    name = store.new_name()
    store.put(world.brand_id, name, b"12345")
    then = clock.machine_now().timestamp() - 90_000
    os.utime(tmp_path / "files" / str(world.brand_id) / name[:2] / name, (then, then))
    told = json.loads(run("sweep", "--json").output)
    assert told["ok"] is True
    assert told["swept"][world.code] == {"files": 1, "bytes": 5}
    assert run("sweep", "--brand", world.code).output == f"{world.code}: 0 files, 0 bytes\n"


def test_check_exits_with_1_and_says_which_files_are_not_as_they_were_stored(world, run, tmp_path):
    world.received_order(world.d1, {"P1": 2})
    world.registered_old_part(world.d1, photos=1)
    told = run("check", "--brand", world.code, "--read")
    assert (told.exit_code, told.output) == (0, "Every file is there.\n")
    with world.as_(world.d1.clerk) as session:
        name = session.query(Photo).one().stored_name
    path = tmp_path / "files" / str(world.brand_id) / name[:2] / name
    path.write_bytes(bytes(path.stat().st_size))
    assert run("check", "--brand", world.code).exit_code == 0  # of the same size: only reading finds it
    told = run("check", "--brand", world.code, "--read")
    assert (told.exit_code, told.output) == (1, f"{world.code}: {name}: the file in the store has other bytes\n")
    path.unlink()
    told = run("check", "--brand", world.code, "--json")
    fault = {"brand": world.code, "what": "missing", "name": name}
    assert (told.exit_code, json.loads(told.output)) == (1, {"ok": False, "faults": [fault]})


def test_a_store_that_does_not_answer_is_one_sentence(world, run, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    store.use_place(
        store.Place(bucket="portal", endpoint="http://127.0.0.1:1", region="here-1", key_id="x", secret="y")
    )
    for command in ("sweep", "check"):
        told = run(command, "--brand", world.code)
        assert told.exit_code == 1
        assert told.output.count("\n") == 1
        assert "the file store did not list" in told.output


def test_an_unknown_brand_is_wrong_use(world, run):
    assert run("sweep", "--brand", "nowhere").exit_code == 2
