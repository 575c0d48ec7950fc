"""Photos are served to who may see what they hang on, and to nobody else (UP5, R1)."""

import io

import pytest
from PIL import Image
from sqlalchemy import text

from portal.files import queries, store
from tests.factories.world import make_world, picture


@pytest.fixture
def shown(world):
    """A photo of D001's old part: its address."""
    world.received_order(world.d1, {"P1": 1})
    number = world.registered_old_part(world.d1)
    with world.as_(world.d1.clerk) as session:
        public_id = session.scalar(text("SELECT public_id FROM photos"))
    return f"/photos/{public_id}.jpg", number


def test_UP5_its_dealer_and_headquarters_see_it_privately(world, client_as, shown):
    for actor in (world.d1.technician, world.d1.manager, world.hq.clerk, world.hq.auditor):
        answer = client_as(actor).get(shown[0])
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "exif" not in answer.data[:100].lower().decode("latin-1")


def test_UP5_another_dealer_and_another_brand_get_404_and_a_stranger_the_sign_in_page(world, client_as, shown):
    other = make_world()
    for actor in (world.d2.manager, other.hq.admin, other.d1.manager):
        for query in ("", "?size=240"):
            assert client_as(actor).get(shown[0] + query).status_code == 404
    stranger = client_as(None).get(shown[0])
    assert stranger.status_code == 303
    assert "/sign-in" in stranger.headers["Location"]


@pytest.mark.parametrize(
    "address",
    [
        "/photos/0.jpg",
        "/photos/%00.jpg",
        "/photos/..%2f..%2fetc%2fpasswd.jpg",
        f"/photos/{'a' * 4000}.jpg",
        "/photos/\u202ejpg.jpg",
    ],
)
def test_UP3_an_odd_address_is_404(world, client_as, address):
    assert client_as(world.hq.clerk).get(address).status_code == 404


def test_the_thumbnail_is_made_once_and_no_other_size_exists(world, client_as, shown, monkeypatch):
    client = client_as(world.d1.clerk)
    small = client.get(shown[0] + "?size=240")
    with Image.open(io.BytesIO(small.data)) as image:
        assert max(image.size) <= 240
    monkeypatch.setattr("portal.files.rules.thumbnail", lambda _jpeg: pytest.fail("made twice"))
    assert client.get(shown[0] + "?size=240").data == small.data
    for size in ("1", "99999", "240 ", "-1", "x"):
        assert client.get(shown[0], query_string={"size": size}).status_code == 404


def test_a_photo_whose_file_is_gone_is_404(world, client_as, shown):
    with world.as_(world.hq.clerk) as session:
        photo = queries.photo(session, shown[0].split("/")[2].removesuffix(".jpg"))
        store.delete(photo.brand_id, [photo.stored_name])
    assert client_as(world.hq.clerk).get(shown[0]).status_code == 404


def test_R41_a_picture_seen_before_at_any_dealer_is_known_as_such(world, shown):
    from portal.old_parts import actions
    from tests.factories.world import at

    world.received_order(world.d2, {"P1": 2})
    mine, theirs = shown[1], world.registered_old_part(world.d2, photos=0)
    same = picture(4711)
    with world.as_(world.d1.technician) as session:
        first = actions.add_photo(session, world.d1.technician, mine, data=same, at=at("2026-10-11 09:00"))
        assert queries.seen_elsewhere(session, first) is False
    with world.as_(world.d2.technician) as session:
        second = actions.add_photo(session, world.d2.technician, theirs, data=same, at=at("2026-10-11 10:00"))
        assert second.content_hash == first.content_hash
        assert queries.seen_elsewhere(session, second) is True


def test_UP5_after_signing_out_a_photos_address_leads_to_the_door_and_no_cache_kept_it(world, client_as, shown):
    client = client_as(world.d1.clerk)
    assert client.get(shown[0]).headers["Cache-Control"] == "private, no-store"
    client.post("/sign-out")
    answer = client.get(shown[0])
    assert answer.status_code == 303
    assert "/sign-in" in answer.headers["Location"]


def test_a_store_that_does_not_answer_is_503_and_not_404(world, client_as, shown, tmp_path, settings):
    """404 would say that the evidence never was; its row is there, only the store is not."""
    address = shown[0]
    try:
        store.use_folder(tmp_path / "elsewhere")
        (tmp_path / "elsewhere" / str(world.brand_id)).write_text("a file where a folder should be")
        for query in ("", "?size=240"):
            assert client_as(world.hq.clerk).get(address + query).status_code == 503
    finally:
        store.use(settings)
    assert client_as(world.hq.clerk).get(address).status_code == 200


def test_the_page_of_a_dealer_says_how_much_its_photos_take(world, client_as, shown):
    page = client_as(world.hq.clerk).get("/dealers/D001").get_data(as_text=True)
    assert "1 张照片，已用 1／2048 MB" in page
    assert "0 张照片，已用 0／2048 MB" in client_as(world.hq.clerk).get("/dealers/D002").get_data(as_text=True)
