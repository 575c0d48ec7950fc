"""Files in a bucket: obstore's S3 client against a server on the loopback, by setting alone."""

import dataclasses
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from portal.core import clock
from portal.files import store
from tests.factories import bucket as s3
from tests.factories.world import picture

ROOT = Path(store.__file__).parents[2]


@pytest.fixture
def bucket(settings, monkeypatch):
    """A bucket that the settings name; files go there."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # a machine's proxy cannot know it
    with s3.serving() as served:
        served.settings = dataclasses.replace(
            settings,
            files_url="s3://portal/some/where",
            files_endpoint=served.address,
            files_region="here-1",
            files_key_id=s3.KEY_ID,
            files_secret=s3.SECRET,
        )
        store.use(served.settings)
        yield served
        store.use(settings)


def test_what_is_put_lies_whole_in_the_bucket_below_its_prefix_and_is_read_again(bucket):
    for ending, size in (("jpg", 10), ("pdf", 6_000_000), ("xlsx", 0)):
        name = store.new_name(ending)
        store.put(7, name, b"x" * size)
        assert bucket.objects[f"some/where/7/{name[:2]}/{name}"] == b"x" * size
        assert store.get(7, name) == b"x" * size
        assert store.get(8, name) is None
    assert len(bucket.objects) == 3
    assert [act for act, _key in bucket.asked].count("PUT") == 3  # one request a file: whole or not at all


def test_a_brands_files_are_listed_page_by_page_and_nobody_elses(bucket):
    names = {store.new_name() for _ in range(8)}
    for name in names:
        store.put(7, name, b"12345")
    store.put(77, store.new_name(), b"another brand's")
    found = [file for portion in store.listed(7) for file in portion]
    assert {(file.name, file.size) for file in found} == {(name, 5) for name in names}
    assert all(abs(clock.machine_now() - file.modified) < timedelta(minutes=5) for file in found)
    assert list(store.listed(9)) == []
    assert store.clear_staging(7, before=clock.machine_now()) == (0, 0)


def test_what_is_deleted_is_gone_and_may_be_deleted_again(bucket):
    kept, gone = store.new_name(), store.new_name()
    for name in (kept, gone):
        store.put(7, name, b"picture")
    store.delete(7, [gone])
    store.delete(7, [gone])
    assert (store.get(7, kept), store.get(7, gone)) == (b"picture", None)
    assert len(bucket.objects) == 1


@pytest.mark.parametrize("status", [400, 403])
def test_a_bucket_that_refuses_is_said(bucket, status):
    bucket.refuses = status
    name = store.new_name()
    for act in (
        lambda: store.put(7, name, b"x"),
        lambda: store.get(7, name),
        lambda: store.delete(7, [name]),
        lambda: list(store.listed(7)),
    ):
        with pytest.raises(store.StoreError):
            act()
    assert bucket.objects == {}


def test_the_wrong_key_is_no_key(bucket):
    store.use(dataclasses.replace(bucket.settings, files_key_id="somebody-else"))
    with pytest.raises(store.StoreError):
        store.put(7, store.new_name(), b"x")


def test_two_processes_share_the_store(bucket):
    mine = store.new_name()
    store.put(7, mine, b"of the first")
    script = (
        "import os, sys\n"
        "from portal.files import store\n"
        f"store.use_place(store.Place(bucket='portal', prefix='some/where', endpoint={bucket.address!r}, region='here-1', "
        f"key_id={s3.KEY_ID!r}, secret={s3.SECRET!r}))\n"
        f"assert store.get(7, {mine!r}) == b'of the first'\n"
        "name = store.new_name()\n"
        "store.put(7, name, b'of the second')\n"
        "print(name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert store.get(7, done.stdout.strip()) == b"of the second"


def test_a_photo_goes_to_the_bucket_and_is_shown_from_there(world, client_as, bucket):
    """The whole way over the pages: sent by the dealer, kept in the bucket with its thumbnail, shown to headquarters."""
    import io

    world.received_order(world.d1, {"P1": 1})
    number = world.registered_old_part(world.d1, photos=0)
    client = client_as(world.d1.technician)
    sent = {"photo": (io.BytesIO(picture(1)), "IMG_0001.jpg"), "kind": "nameplate"}
    assert client.post(f"/old-parts/{number}/photos", data=sent).status_code == 303
    assert len(bucket.objects) == 1
    page = client_as(world.hq.clerk).get(f"/old-parts/{number}").get_data(as_text=True)
    address = page.split("/photos/", 1)[1].split('"', 1)[0].split("?")[0]
    for query in ("", "?size=240", "?size=240"):
        answer = client_as(world.hq.clerk).get(f"/photos/{address}{query}")
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert len(bucket.objects) == 2  # the thumbnail is made once and kept beside
