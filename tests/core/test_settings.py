"""Settings: files, then the environment; whatever is wrong is said in one sentence before anything starts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from portal.core import settings
from portal.core.settings import SettingsError, read, read_clock

GOOD = {
    "DATABASE_URL": "postgresql://portal_web:geheim@db/portal",
    "PORTAL_CONTEXT_KEY": "5e" * 32,
    "PORTAL_SECRET_KEY": "s",
}


def test_defaults_come_from_the_file_and_the_environment_goes_before() -> None:
    found = read(GOOD)
    assert (found.environment, found.port, found.session_idle_minutes, found.clock) == ("development", 8000, 120, None)
    other = read({**GOOD, "PORTAL_PORT": "9000", "PORTAL_BASE_URL": "https://p.example", "PORTAL_HOME": "elsewhere"})
    assert (other.port, other.base_url, other.home.name, other.files_dir.name) == (
        9000,
        "https://p.example",
        "elsewhere",
        "files",
    )


def test_the_embedded_databases_addresses_yield_to_the_environment() -> None:
    given = {
        "database_url": "postgresql://a@embedded/x",
        "proof_url": "postgresql://b@embedded/x",
        "context_key": "00" * 32,
        "secret_key": "k",
    }
    assert read({}, **given).database_url == "postgresql+psycopg://a@embedded/x"
    assert read(GOOD, **given).database_url.endswith("@db/portal")
    assert read({}, **given).admin_url is None


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_databases_address_is_psycopgs_however_it_is_written(scheme: str) -> None:
    found = read(
        {**GOOD, "DATABASE_URL": f"{scheme}://portal_web:geheim@db/portal", "DATABASE_ADMIN_URL": f"{scheme}://p@db/x"}
    )
    assert found.database_url == "postgresql+psycopg://portal_web:geheim@db/portal"
    assert found.admin_url == "postgresql+psycopg://p@db/x"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set"),
        ({"DATABASE_URL": "geheim is no address"}, "DATABASE_URL is no database URL"),
        ({"DATABASE_PROOF_URL": "geheim"}, "DATABASE_PROOF_URL is no database URL"),
        ({"PORTAL_CONTEXT_KEY": ""}, "must be set together"),
        ({"PORTAL_SECRET_KEY": ""}, "must be set together"),
        ({"PORTAL_CONTEXT_KEY": "geheim" * 8}, "64 hexadecimal digits"),
        ({"PORTAL_CONTEXT_KEY": "5e" * 31}, "64 hexadecimal digits"),
        ({"PORTAL_PORT": "eight"}, "PORTAL_PORT=eight is no whole number"),
        ({"PORTAL_ENV": "prod"}, "no config/prod.toml"),
        ({"PORTAL_CLOCK": "2026-11-03T02:00:00"}, "has no offset"),
        ({"PORTAL_CLOCK": "tomorrow"}, "is no instant"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_without_any_secret(change: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words) as refused:
        read({**GOOD, **change})
    assert "\n" not in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_the_clock_setting_is_an_instant_with_an_offset() -> None:
    at = datetime.fromisoformat("2026-11-03T02:00:00+08:00")
    assert read({**GOOD, "PORTAL_CLOCK": "2026-11-03T02:00:00+08:00"}).clock == at
    assert read_clock({"PORTAL_CLOCK": ""}, "development") is None


def test_the_clock_setting_is_refused_in_production() -> None:
    with pytest.raises(SettingsError, match="refused in production"):
        read_clock({"PORTAL_CLOCK": "2026-11-03T02:00:00+08:00"}, "production")
    assert read_clock({}, "production") is None


def test_AN7_production_as_its_example_has_it_sends_cookies_over_https_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, source in (("default", "default"), ("production", "production.example")):
        (tmp_path / f"{name}.toml").write_text((settings.CONFIG / f"{source}.toml").read_text())
    monkeypatch.setattr(settings, "CONFIG", tmp_path)
    found = read({**GOOD, "PORTAL_ENV": "production"})
    assert (found.environment, found.secure_cookies, found.behind_proxy) == ("production", True, True)
    with pytest.raises(SettingsError, match="refused in production"):
        read({**GOOD, "PORTAL_ENV": "production", "PORTAL_CLOCK": "2026-11-03T02:00:00+08:00"})
