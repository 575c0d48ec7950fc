"""Both languages are complete, chosen by the reader, and built from the packages' own files."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from babel.support import Translations

from portal.web import i18n, i18n_checks
from tests.web.kit import make_app

HEADER = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Translations of our own, with two packages."""
    own = tmp_path / "zh_Hans_CN"
    own.mkdir()
    monkeypatch.setattr(i18n, "TRANSLATIONS", tmp_path)
    write(own, "one", 'msgid "Home"\nmsgstr "工作台"\n')
    write(own, "two", 'msgid "%(num)d day"\nmsgid_plural "%(num)d days"\nmsgstr[0] "%(num)d 天"\n')
    return own


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.po").write_text(HEADER + text, encoding="utf-8")


def built(path: Path) -> Translations:
    with path.open("rb") as handle:
        return Translations(handle)


def test_the_packages_files_become_one_catalogue(folder: Path) -> None:
    words = built(i18n.compile_catalogs())
    assert words.gettext("Home") == "工作台"
    assert words.ngettext("%(num)d day", "%(num)d days", 3) == "%(num)d 天"
    assert [path.name for path in (folder / "LC_MESSAGES").iterdir()] == ["messages.mo"]


def test_the_catalogue_is_built_again_only_when_a_file_is_newer(folder: Path) -> None:
    target = i18n.compile_catalogs()
    first = target.stat().st_ino
    assert i18n.compile_catalogs().stat().st_ino == first
    write(folder, "one", 'msgid "Home"\nmsgstr "首页"\n')
    newer = target.stat().st_mtime + 10
    os.utime(folder / "one.po", (newer, newer))
    assert built(i18n.compile_catalogs()).gettext("Home") == "首页"


def test_many_starters_at_once_leave_one_whole_catalogue(folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda _number: i18n.compile_catalogs(force=True), range(24)))
    assert len(paths) == 1
    assert built(paths.pop()).gettext("Home") == "工作台"
    assert [path.name for path in (folder / "LC_MESSAGES").iterdir()] == ["messages.mo"]


@pytest.mark.parametrize(
    ("cookie", "wish", "language"),
    [(None, "en", "zh-CN"), ("en", "zh-CN", "en"), ("zh_Hans_CN", "en", "zh-CN"), ("xx", "en", "zh-CN")],
)
def test_the_switch_decides_never_the_browsers_wish(cookie: str | None, wish: str, language: str) -> None:
    client = make_app().test_client()
    if cookie:
        client.set_cookie(i18n.COOKIE, cookie)
    assert f'<html lang="{language}"' in client.get("/styleguide", headers={"Accept-Language": wish}).text


def test_the_switch_is_remembered_and_takes_only_languages_that_are_there() -> None:
    app = make_app()
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    kept = client.post("/language", data={"language": "en"}).headers["Set-Cookie"]
    assert kept.startswith("portal_lang=en;")
    assert "HttpOnly" in kept
    assert "SameSite=Lax" in kept
    assert (
        client.post("/language", data={"language": "../x"}).headers["Set-Cookie"].startswith("portal_lang=zh_Hans_CN;")
    )


def test_every_word_of_the_kit_is_found_with_its_places() -> None:
    used = i18n.extract_messages()
    assert any(place.startswith("portal/templates/components/pager.html:") for place in used["Newer"].places)
    assert used["%(num)d hour"].plural == "%(num)d hours"
    assert any(place.startswith("portal/web/navigation.py:") for place in used["Monthly settlement"].places)


def test_contradictions_and_wrong_placeholders_are_found(folder: Path) -> None:
    write(
        folder,
        "three",
        'msgid "Home"\nmsgstr "首页"\n\nmsgid "for %(name)s"\nmsgstr "给 %(who)s"\n\nmsgid "%(count)s of %(all)s"\nmsgstr "%(count)s"\n',
    )
    assert i18n_checks.contradictions() == ["'Home': [('工作台',), ('首页',)]"] or i18n_checks.contradictions() == [
        "'Home': [('首页',), ('工作台',)]"
    ]
    assert i18n_checks.wrong_placeholders() == [
        "'for %(name)s' (three.po): '给 %(who)s'",
        "'%(count)s of %(all)s' (three.po): '%(count)s'",
    ]


def test_untranslated_and_unused_words_are_found(folder: Path) -> None:
    write(folder, "three", 'msgid "Nobody says this"\nmsgstr "没人说"\n')
    assert "'Nobody says this' (three.po)" in i18n_checks.unused()
    assert any(
        line.startswith("'Newer' (portal/templates/components/pager.html:") for line in i18n_checks.untranslated()
    )


def test_chinese_in_code_is_found_but_not_in_docstrings_and_comments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(i18n_checks, "PACKAGE", tmp_path)
    (tmp_path / "good.py").write_text(
        '"""Orders 配件申请."""\nSTATE = 1\n"""A state 状态."""\n# 注释\n', encoding="utf-8"
    )
    (tmp_path / "bad.py").write_text('WORDS = "已收货"\nMORE = f"{WORDS}件"\n', encoding="utf-8")
    (tmp_path / "page.html").write_text("{# 注释 #}\n<b>合计</b>\n", encoding="utf-8")
    (tmp_path / "price_sheets.py").write_text('HEADING = "单价"\n', encoding="utf-8")
    assert i18n_checks.chinese_in_code() == [
        "portal/bad.py:1: 已收货",
        "portal/bad.py:2: 件",
        "portal/page.html:2: <b>合计</b>",
    ]


@pytest.mark.parametrize(
    "check",
    [
        i18n_checks.untranslated,
        i18n_checks.unused,
        i18n_checks.contradictions,
        i18n_checks.wrong_placeholders,
        i18n_checks.chinese_in_code,
    ],
)
def test_both_languages_are_complete(check) -> None:  # type: ignore[no-untyped-def]
    assert check() == []
