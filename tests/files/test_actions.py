"""What photos take is counted and held to the quota; what nothing names is swept (UP7)."""

import os
import threading
from datetime import date
from functools import partial

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal.core import clock
from portal.core.audit import AuditEvent
from portal.core.errors import Refused
from portal.core.terms import TermValue
from portal.files import actions, jobs, models, queries, store
from portal.files.models import Photo, Sweep
from portal.files.terms import QUOTA
from portal.old_parts import actions as old_parts
from tests.factories.world import at, make_world, picture

NOW = at("2026-10-11 09:00")
MEGABYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    """A store of the test's own."""
    store.use_folder(tmp_path / "files")
    yield
    store.use(settings)


@pytest.fixture
def old_part(world):
    """D001's registered old part without photos: its number."""
    world.received_order(world.d1, {"P1": 5})
    return world.registered_old_part(world.d1, photos=0)


def add(world, number, seed=1, **how):
    actor = world.d1.technician
    with world.as_(actor) as session:
        return old_parts.add_photo(session, actor, number, data=picture(seed), at=NOW, **how)


def used(world, shop=None):
    shop = shop or world.d1
    with world.as_(shop.clerk) as session:
        found = queries.used(session, shop.id, on=date(2026, 10, 11))
        return found.photos, found.size


def fill(world, size, shop=None):
    """As many bytes as if the dealer had sent so many before."""
    shop = shop or world.d1
    with world.as_(shop.technician) as session:
        session.add(
            Photo(
                dealer_id=shop.id, public_id=store.new_name()[:32], subject_kind="old-part", subject_id=1, slot="more",
                content_hash="0" * 64, stored_name=store.new_name(), width=1, height=1, size=size, uploaded_at=NOW, uploaded_by="x",
            )
        )  # fmt: skip


def quota(world, megabytes):
    with world.as_(world.hq.admin) as session:
        session.add(TermValue(name=QUOTA.name, from_day=date(2026, 1, 1), value=megabytes, set_at=NOW, set_by="x"))


def files_of(world):
    return {file.name for portion in store.listed(world.brand_id) for file in portion}


# ---------------------------------------------------------------- the quota


def test_UP7_what_a_dealers_photos_take_is_counted_as_they_come_and_go(world, old_part):
    assert used(world) == (0, 0)
    first, second = add(world, old_part, 1, slot="nameplate"), add(world, old_part, 2, slot="fault")
    assert used(world) == (2, first.size + second.size)
    with world.as_(world.d1.technician) as session:
        old_parts.remove_photo(session, world.d1.technician, old_part, photo=first.public_id, at=NOW)
    assert used(world) == (1, second.size)
    again = add(world, old_part, 3, slot="fault")  # replaces the second
    assert used(world) == (1, again.size)
    assert used(world, world.d2) == (0, 0)


def test_UP7_a_rolled_back_act_counts_nothing(world, old_part):
    with pytest.raises(RuntimeError, match="afterwards"), world.as_(world.d1.technician) as session:
        old_parts.add_photo(session, world.d1.technician, old_part, data=picture(1), at=NOW)
        raise RuntimeError("something else failed afterwards")
    assert used(world) == (0, 0)
    assert len(files_of(world)) == 1  # left behind, for the sweep


def test_UP7_a_photo_over_the_quota_is_refused_and_changes_nothing(world, old_part):
    quota(world, 16)
    whole = add(world, old_part, 1, slot="nameplate").size
    fill(world, 16 * MEGABYTE - whole - 100)
    before = (used(world), files_of(world))
    with pytest.raises(Refused) as refused:
        add(world, old_part, 2, slot="fault")
    assert (refused.value.code, refused.value.facts) == ("quota-full", {"used": 16, "quota": 16})
    assert (used(world), files_of(world)) == before
    with world.as_(world.d1.clerk) as session:
        assert len(queries.photos_of(session, "old-part", [1])[1]) == 1


def test_UP7_a_refusal_leaves_no_row_even_when_the_caller_goes_on(world, old_part):
    quota(world, 16)
    fill(world, 16 * MEGABYTE)
    with world.as_(world.d1.technician) as session:
        with pytest.raises(Refused):
            old_parts.add_photo(session, world.d1.technician, old_part, data=picture(2), at=NOW)
        assert session.scalar(text("SELECT count(*) FROM photos")) == 1
    assert used(world) == (1, 16 * MEGABYTE)


def test_UP7_the_very_last_byte_may_be_used_and_one_more_may_not(world, old_part):
    quota(world, 16)
    whole = add(world, old_part, 1, slot="nameplate").size
    with world.as_(world.d1.technician) as session:
        old_parts.remove_photo(
            session, world.d1.technician, old_part, photo=queries.photos_of(session, "old-part", [_id(session, old_part)]).popitem()[1][0].public_id, at=NOW,
        )  # fmt: skip
    fill(world, 16 * MEGABYTE - whole)
    assert add(world, old_part, 1, slot="nameplate").size == whole
    assert used(world) == (2, 16 * MEGABYTE)
    with pytest.raises(Refused, match="quota-full"):
        fill_and_add(world, old_part)


def fill_and_add(world, number):
    fill(world, 1)
    add(world, number, 2, slot="fault")


def _id(session, number):
    return session.scalar(text("SELECT id FROM old_parts WHERE number = :number"), {"number": number})


def test_UP7_one_dealers_photos_are_no_other_ones(world, old_part):
    quota(world, 16)
    fill(world, 17 * MEGABYTE, world.d2)
    assert add(world, old_part).size > 0


def together(app, *acts):
    """Run the acts in threads that start at once."""
    start = threading.Barrier(len(acts))

    def run(act):
        with app.app_context():
            start.wait()
            act()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_UP7_of_eight_uploads_at_once_only_as_many_are_kept_as_fit(app, world, old_part):
    """Each is counted under its dealer's lock; without it all would see room for themselves."""
    quota(world, 16)
    parts = [world.registered_old_part(world.d1, photos=0) for _ in range(4)]
    whole = add(world, parts[0], 1, slot="nameplate").size
    fill(world, 16 * MEGABYTE - 3 * whole - whole // 2)  # room for two more, and a half
    said = []

    def send(number, slot):
        try:
            add(world, number, 1, slot=slot)
            said.append("kept")
        except Refused as refused:
            said.append(refused.code)

    together(app, *(partial(send, number, slot) for number in parts for slot in ("fault", "after")))
    assert sorted(said) == ["kept"] * 2 + ["quota-full"] * 6
    with world.as_(world.hq.auditor) as session:
        assert list(queries.faults(session, world.brand_id))[1:] == []  # the filling has no file; the sums agree


def test_UP7_a_photo_is_never_changed_and_its_counting_is_nobodys_to_write(world, old_part):
    add(world, old_part)
    for actor in (world.d1.technician, world.hq.admin):
        for statement in ("UPDATE photos SET size = 1", "UPDATE file_usage SET size = 0", "DELETE FROM file_usage"):
            with pytest.raises(DBAPIError, match="permission denied"), world.as_(actor) as session:
                session.execute(text(statement))


def test_a_full_store_refuses_with_a_sentence_and_changes_nothing(world, old_part, tmp_path):
    store.use_folder(tmp_path / "files")
    (tmp_path / "files" / str(world.brand_id)).write_text(
        "a file where a folder should be"
    )  # nothing can be written below
    with pytest.raises(Refused) as refused:
        add(world, old_part)
    assert refused.value.code == "store-unavailable"
    assert used(world) == (0, 0)


# ---------------------------------------------------------------- the sweep


def age(world, tmp_path, *names, hours=25):
    """Make stored files look as if they had been written so many hours ago, by the machine's clock."""
    then = clock.machine_now().timestamp() - hours * 3600
    for name in names:
        os.utime(tmp_path / "files" / str(world.brand_id) / name[:2] / name, (then, then))


def swept(world):
    with world.as_(world.hq.system) as session:
        return actions.sweep(session, world.hq.system, at=NOW)


def test_UP7_files_that_no_row_names_go_after_a_day_and_the_others_stay(world, old_part, tmp_path):
    kept, dropped = add(world, old_part, 1, slot="nameplate"), add(world, old_part, 2, slot="fault")
    with world.as_(world.d1.clerk) as session:
        for photo in (kept, dropped):
            queries.content(queries.photo(session, photo.public_id), small=True)
    with world.as_(world.d1.technician) as session:
        old_parts.remove_photo(session, world.d1.technician, old_part, photo=dropped.public_id, at=NOW)
    orphan, young = store.new_name(), store.new_name()
    store.put(world.brand_id, orphan, b"12345")
    store.put(world.brand_id, young, b"67890")
    small = [store.variant(photo.stored_name, 240) for photo in (kept, dropped)]
    age(world, tmp_path, kept.stored_name, dropped.stored_name, *small, orphan)
    gone = store.get(world.brand_id, small[1])
    assert swept(world) == actions.Swept(3, dropped.size + len(gone) + 5)
    assert files_of(world) == {kept.stored_name, small[0], young}
    assert swept(world) == actions.Swept(0, 0)


def test_UP7_a_file_is_young_for_a_day(world, tmp_path):
    orphan = store.new_name()
    store.put(world.brand_id, orphan, b"12345")
    age(world, tmp_path, orphan, hours=23)
    with clock.frozen(at("2030-01-01 00:00")):  # business time may be anything: what protects asks the machine's
        assert swept(world) == actions.Swept(0, 0)
    assert files_of(world) == {orphan}


def test_UP7_a_file_whose_row_is_not_committed_yet_is_not_swept(world, old_part):
    with world.as_(world.d1.technician) as session:
        old_parts.add_photo(session, world.d1.technician, old_part, data=picture(1), at=NOW)
        assert swept(world) == actions.Swept(0, 0)
    with world.as_(world.d1.clerk) as session:
        assert queries.content(session.scalars(select(Photo)).one()).startswith(b"\xff\xd8\xff")


def test_UP7_what_a_killed_process_left_half_written_goes_too(world, tmp_path):
    store.put(world.brand_id, store.new_name(), b"x")
    left = tmp_path / "files" / str(world.brand_id) / store.STAGING / ("a" * 32 + "#1")
    left.write_bytes(b"half")
    os.utime(left, (clock.machine_now().timestamp() - 90_000,) * 2)
    assert swept(world) == actions.Swept(1, 4)
    assert not left.exists()


def test_UP7_another_brands_files_are_not_this_ones_to_sweep(world, tmp_path):
    other, name = make_world(), store.new_name()
    store.put(other.brand_id, name, b"12345")
    age(other, tmp_path, name)
    assert swept(world) == actions.Swept(0, 0)
    assert swept(other) == actions.Swept(1, 5)


def test_UP7_a_kind_of_file_that_no_table_keeps_is_left_alone(world, tmp_path, monkeypatch):
    name = store.new_name("pdf")
    store.put(world.brand_id, name, b"%PDF")
    age(world, tmp_path, name)
    monkeypatch.delitem(models.KEEPERS, "pdf")
    assert swept(world) == actions.Swept(0, 0)
    monkeypatch.undo()
    assert swept(world) == actions.Swept(1, 4)  # the control: with its table it is an orphan


def test_every_ending_of_the_store_has_a_table_that_keeps_its_names(app):
    assert set(models.KEEPERS) == set(store.ENDINGS)
    with pytest.raises(ValueError, match=r"two tables keep \.jpg"):
        models.keeps("jpg", name=Photo.stored_name, size=Photo.size, sha256=Photo.content_hash)


def test_UP7_only_the_system_sweeps_and_what_it_swept_is_written_down(world, tmp_path):
    name = store.new_name()
    store.put(world.brand_id, name, b"x" * 3 * MEGABYTE)
    age(world, tmp_path, name)
    for actor in (world.hq.admin, world.d1.manager):
        with pytest.raises(Refused, match="permission-missing"), world.as_(actor) as session:
            actions.sweep(session, actor, at=NOW)
    assert files_of(world) == {name}
    swept(world)
    swept(world)
    with world.as_(world.hq.auditor) as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.act == "files:sweep")).all()
        assert (event.side, event.public, event.facts) == ("system", False, {"files": 1, "megabytes": 3})
        (day,) = session.scalars(select(Sweep)).all()
        assert (day.files, day.size) == (1, 3 * MEGABYTE)


def test_UP7_the_tick_sweeps_once_a_day(world, tmp_path):
    first, second = store.new_name(), store.new_name()
    for name in (first, second):
        store.put(world.brand_id, name, b"12345")
    age(world, tmp_path, first)
    assert [(o.what, dict(o.facts)) for o in jobs.sweep(world.hq.system, NOW)] == [("swept", {"files": 1, "bytes": 5})]
    age(world, tmp_path, second)
    assert list(jobs.sweep(world.hq.system, NOW)) == []
    with world.as_(world.hq.admin) as session:  # another day comes
        session.execute(text("UPDATE file_sweeps SET on_day = on_day - 1"))
    assert [dict(o.facts) for o in jobs.sweep(world.hq.system, NOW)] == [{"files": 1, "bytes": 5}]


def test_UP7_two_sweeps_at_once_count_each_file_once(app, world, tmp_path):
    names = [store.new_name() for _ in range(40)]
    for name in names:
        store.put(world.brand_id, name, b"1")
    age(world, tmp_path, *names)
    found = []
    together(app, *[lambda: found.append(swept(world).count)] * 2)
    assert sorted(found) == [0, 40]


# ---------------------------------------------------------------- every row's file is there


def test_a_row_whose_file_is_missing_or_other_is_found(world, old_part, tmp_path):
    photos = [
        add(world, old_part, seed, slot=slot) for seed, slot in enumerate(("nameplate", "fault", "old-part", "after"))
    ]
    folder = tmp_path / "files" / str(world.brand_id)

    def found(*, read=False):
        with world.as_(world.hq.auditor) as session:
            return sorted((fault.what, fault.name) for fault in queries.faults(session, world.brand_id, read=read))

    assert found(read=True) == []
    missing, shorter, other, _whole = (photo.stored_name for photo in photos)
    (folder / missing[:2] / missing).unlink()
    (folder / shorter[:2] / shorter).write_bytes(b"short")
    (folder / other[:2] / other).write_bytes(b"\0" * photos[2].size)
    assert found() == [("missing", missing), ("size", shorter)]
    assert found(read=True) == [("content", other), ("missing", missing), ("size", shorter)]


def test_usage_that_is_not_the_sum_of_the_photos_is_found(world, old_part, settings):
    add(world, old_part)
    from portal.core.provision import admin_engine

    with admin_engine(settings.admin_url).begin() as connection:
        connection.execute(
            text("UPDATE app.file_usage SET size = size + 1 WHERE brand_id = :brand"), {"brand": world.brand_id}
        )
    with world.as_(world.hq.auditor) as session:
        assert [(fault.what, fault.name) for fault in queries.faults(session, world.brand_id)] == [
            ("usage", str(world.d1.id))
        ]
