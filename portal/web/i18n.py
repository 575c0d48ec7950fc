"""The portal's languages: Chinese (the default) and English, whose words stand in the code.

Each package keeps its Chinese in ``portal/translations/zh_Hans_CN/<package>.po``; the build merges them into one
``LC_MESSAGES/messages.mo``, which is not kept in git and is made again at start when a .po file is newer.
"""

from __future__ import annotations

import ast
import inspect
import os
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations
from flask import Flask, Response, g, has_app_context, has_request_context, request
from flask_babel import Babel, Domain, get_locale, refresh
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

PACKAGE = Path(__file__).resolve().parents[1]
TRANSLATIONS = PACKAGE / "translations"
CHINESE = "zh_Hans_CN"
ENGLISH = "en"
LANGUAGES = (CHINESE, ENGLISH)
COOKIE = "portal_lang"
COOKIE_SECONDS = 365 * 24 * 3600

_KEYWORDS = {**DEFAULT_KEYWORDS, "_l": None, "lazy_gettext": None, "lazy_ngettext": (1, 2)}
_METHODS: list[tuple[str, Any]] = [
    ("**.py", "python"),
    ("**.html", "jinja2.ext:babel_extract"),
    ("**.txt", "jinja2.ext:babel_extract"),
]
_OPTIONS = {"**.html": {"silent": "false", "encoding": "utf-8"}, "**.txt": {"silent": "false", "encoding": "utf-8"}}


@dataclass(slots=True)
class Used:
    """A msgid as the code uses it: its plural (or None) and the places, "portal/web/formats.py:31"."""

    plural: str | None = None
    places: list[str] = field(default_factory=list)


def chosen_language() -> str:
    """The reader's language: what the switch put into the cookie, else the person's own (:func:`speak`), else Chinese.

    Never what the browser asks for by itself.
    """
    if not has_request_context():
        return CHINESE
    wish = g.get("language") or request.cookies.get(COOKIE, "")
    return wish if wish in LANGUAGES else CHINESE


def remember_language(response: Response, language: str, *, secure: bool = False) -> Response:
    """Keep the choice of the language switch in the reader's browser for a year; an unknown language becomes Chinese."""
    wish = language if language in LANGUAGES else CHINESE
    response.set_cookie(COOKIE, wish, max_age=COOKIE_SECONDS, samesite="Lax", httponly=True, secure=secure)
    return response


def speak(language: str) -> None:
    """Answer this request in the language of the person it is for, unless the browser has chosen one by the switch."""
    if request.cookies.get(COOKIE, "") not in LANGUAGES and language in LANGUAGES:
        g.language = language
        refresh()


def init_i18n(app: Flask) -> Babel:
    """Give the app its languages: builds the catalogue when it is stale, chooses per request, tells templates ``locale``."""
    compile_catalogs()
    app.config.setdefault("BABEL_DEFAULT_LOCALE", CHINESE)
    app.config.setdefault("BABEL_DEFAULT_TIMEZONE", "Asia/Shanghai")
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    babel = Babel(app, locale_selector=chosen_language)
    babel.domain_instance = _Words()
    # Jinja's own way to the words would ask Flask-Babel where it stands at every one of them
    words = babel.domain_instance
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda said: words.get_translations().ugettext(said),
        lambda one, many, count: words.get_translations().ungettext(one, many, count),
        newstyle=True,
    )
    app.jinja_env.globals["_"] = words.say
    app.context_processor(lambda: {"locale": str(get_locale() or CHINESE)})
    return babel


class _Words(Domain):
    """The portal's words, their catalogue found once a request and language: a page asks for two hundred of them."""

    def __init__(self) -> None:
        super().__init__()
        self._safe: dict[tuple[NullTranslations, str], Markup] = {}

    def get_translations(self) -> NullTranslations:
        """The catalogue of the reader's language, or of the one that ``force_locale`` has put in its place."""
        # asked of the proxy once: it looks for its request each time
        here = g._get_current_object().get("_flask_babel") if has_app_context() else None  # noqa: SLF001 - its documented way
        locale, held = getattr(here, "babel_locale", None), getattr(here, "portal_words", None)
        if locale is not None and held is not None and held[0] is locale:
            return held[1]
        found: NullTranslations = super().get_translations()
        if here is not None:
            here.portal_words = (here.babel_locale, found)
        return found

    @pass_eval_context
    def say(self, where: EvalContext, said: str, /, **facts: object) -> str:
        """``_`` of the templates: Jinja's own, in one call instead of three, and words without facts are put together once."""
        words = self.get_translations()
        if not where.autoescape:
            return words.ugettext(said) % facts
        if facts:
            return Markup(words.ugettext(said)) % facts  # noqa: S704 - our own words; the facts are escaped
        if (safe := self._safe.get((words, said))) is None:
            safe = self._safe[words, said] = Markup(words.ugettext(said)) % facts  # noqa: S704
        return safe


def catalogs(language: str = CHINESE) -> dict[str, Catalog]:
    """The packages' catalogues by file name without its ending, in the order in which they are merged."""
    found = {}
    for path in sorted((TRANSLATIONS / language).glob("*.po")):
        with path.open("rb") as handle:
            found[path.stem] = read_po(handle, locale=language, charset="utf-8", abort_invalid=True)
    return found


def compile_catalogs(language: str = CHINESE, *, force: bool = False) -> Path:
    """Merge the packages' .po files into messages.mo when one of them is newer; returns its path.

    Safe when several processes start at once: each writes a file of its own and renames it into place.
    """
    folder = TRANSLATIONS / language / "LC_MESSAGES"
    target = folder / "messages.mo"
    folder.mkdir(parents=True, exist_ok=True)
    sources = [TRANSLATIONS / language, *(TRANSLATIONS / language).glob("*.po")]
    newest = max(path.stat().st_mtime for path in sources)
    if not force and target.exists() and target.stat().st_mtime >= newest:
        return target
    whole = Catalog(locale=language, charset="utf-8")
    for catalog in catalogs(language).values():
        for message in _words(catalog):
            whole.add(message.id, string=message.string)
    handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
    with os.fdopen(handle, "wb") as part:
        write_mo(part, whole)
    Path(name).chmod(0o644)
    os.utime(name, (newest, newest))
    Path(name).replace(target)
    return target


def _words(catalog: Catalog) -> Iterable[Message]:
    """A catalogue's messages without its header and without what is not translated."""
    return (message for message in catalog if message.id and not message.fuzzy and _texts(message.string)[0])


def _texts(value: str | Iterable[str] | None) -> list[str]:
    """Every form of a text that may have plurals."""
    return [value or ""] if isinstance(value, str) or value is None else [text or "" for text in value]


def paragraphs(told: str) -> list[str]:
    """A docstring's paragraphs, each in one line: what the page of the API's operations says of one of them."""
    return [" ".join(part.split()) for part in inspect.cleandoc(told).split("\n\n") if part.strip()]


def _operations(
    opened: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[tuple[Any, ...]]:
    """The words of an api.py, and what its operations say of themselves in their docstrings."""
    yield from extract_python(opened, keywords, comment_tags, options)  # type: ignore[arg-type]
    opened.seek(0)
    for node in ast.walk(ast.parse(opened.read())):
        if isinstance(node, ast.FunctionDef) and any(
            ast.unparse(one).startswith("api.") for one in node.decorator_list
        ):
            yield from ((node.lineno, None, part, []) for part in paragraphs(ast.get_docstring(node) or ""))


def extract_messages() -> dict[str, Used]:
    """Every msgid in portal/**/*.py, the templates and the API's operations, with its plural and the places that use it.

    Raises a template's syntax error rather than skipping the file.
    """
    used: dict[str, Used] = {}
    methods = [("**/api.py", _operations), *_METHODS]
    for name, line, message, _comments, _context in extract_from_dir(
        PACKAGE, method_map=methods, options_map=_OPTIONS, keywords=_KEYWORDS
    ):
        forms = _texts(message)
        entry = used.setdefault(forms[0], Used())
        entry.plural = entry.plural or (forms[1] if len(forms) > 1 else None)
        entry.places.append(f"portal/{Path(name).as_posix()}:{line}")
    return used
