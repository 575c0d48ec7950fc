"""Where files are kept is a setting; what is wrong with it is said in one sentence before anything starts."""

import pytest

from portal.core.settings import CONFIG, SettingsError, read
from portal.files import store

GOOD = {
    "DATABASE_URL": "postgresql://portal_web:x@db/portal",
    "PORTAL_CONTEXT_KEY": "5e" * 32,
    "PORTAL_SECRET_KEY": "s",
}
BUCKET = {
    "PORTAL_FILES_URL": "s3://portal-files/production",
    "PORTAL_FILES_ENDPOINT": "https://s3.example.com",
    "PORTAL_FILES_REGION": "cn-east-1",
    "PORTAL_FILES_KEY_ID": "key",
    "PORTAL_FILES_SECRET": "secret",
}


@pytest.fixture
def _back(settings):
    """The store of the tests, afterwards."""
    yield
    store.use(settings)


@pytest.mark.usefixtures("_back")
def test_without_a_word_files_lie_in_a_folder_below_home(tmp_path):
    store.use(read({**GOOD, "PORTAL_HOME": str(tmp_path)}))
    assert store.here() == store.Place(folder=tmp_path / "files")
    assert (tmp_path / "files").stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("_back")
def test_a_bucket_is_a_setting_and_its_keys_come_from_the_environment():
    store.use(read({**GOOD, **BUCKET}))
    assert store.here() == store.Place(
        bucket="portal-files",
        prefix="production",
        endpoint="https://s3.example.com",
        region="cn-east-1",
        key_id="key",
        secret="secret",
    )
    store.use(read({**GOOD, "PORTAL_FILES_URL": "s3://portal-files"}))
    assert store.here() == store.Place(bucket="portal-files")


def test_the_keys_of_a_bucket_stand_in_no_file():
    for path in CONFIG.glob("*.toml"):
        assert "files_secret" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PORTAL_FILES_URL": "/var/files"}, "PORTAL_FILES_URL is no bucket"),
        ({"PORTAL_FILES_URL": "s3://"}, "PORTAL_FILES_URL is no bucket"),
        ({"PORTAL_FILES_URL": "s3://key:secret@bucket"}, "PORTAL_FILES_URL is no bucket"),
        ({"PORTAL_FILES_URL": "https://bucket"}, "PORTAL_FILES_URL is no bucket"),
        ({"PORTAL_FILES_ENDPOINT": "s3.example.com"}, "PORTAL_FILES_ENDPOINT is no address"),
        ({"PORTAL_FILES_SECRET": ""}, "must be set together"),
        ({"PORTAL_FILES_KEY_ID": ""}, "must be set together"),
    ],
)
def test_what_is_wrong_is_said_without_the_secret(change, words):
    with pytest.raises(SettingsError, match=words) as wrong:
        read({**GOOD, **BUCKET, **change})
    assert "secret@" not in str(wrong.value)
    assert "key:" not in str(wrong.value)
