"""What may be wrong with the words: untranslated, unused, contradictory, with other placeholders, or Chinese in the code."""

from __future__ import annotations

import ast
import re
from fnmatch import fnmatch
from pathlib import Path

from portal.web.i18n import PACKAGE, Used, _texts, _words, catalogs, extract_messages

# Where Chinese may stand in the code itself: paper forms and what fills them, the demo's data, header synonyms of sheet readers, 人民币大写.
CHINESE_ALLOWED = (
    "templates/pdf/*",
    "web/pdf.py",
    "web/papers/*",
    "demo/*",
    "*sheets*.py",
    "core/tables/*",
    "core/capitals.py",
)

_IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")
_IN_TEMPLATES = re.compile(r"[\u3400-\u9fff\u3001-\u303f\uff00-\uffef]")
_PLACEHOLDER = re.compile(r"%\((\w+)\)[#0\- +]*\d*(?:\.\d+)?[diouxXeEfFgGcrs]|%%|\{(\w*)\}")


def untranslated() -> list[str]:
    """Msgids in use that have no Chinese, with a place."""
    known = _known()
    return [f"{msgid!r} ({used.places[0]})" for msgid, used in extract_messages().items() if msgid not in known]


def unused() -> list[str]:
    """Translations that nothing uses, with their file."""
    used = extract_messages()
    return [f"{msgid!r} ({', '.join(files)})" for msgid, files in _files().items() if msgid not in used]


def contradictions() -> list[str]:
    """Msgids that two files, or two entries, translate differently."""
    seen: dict[str, set[tuple[str, ...]]] = {}
    for catalog in catalogs().values():
        for message in _words(catalog):
            seen.setdefault(_texts(message.id)[0], set()).add(tuple(_texts(message.string)))
    return [f"{msgid!r}: {sorted(texts)}" for msgid, texts in seen.items() if len(texts) > 1]


def wrong_placeholders() -> list[str]:
    """Translations whose placeholders are not those of their msgid: one too many breaks the page, one too few loses a fact."""
    bad = []
    for name, catalog in catalogs().items():
        for message in _words(catalog):
            forms = _texts(message.id)
            allowed = set().union(*(_placeholders(form) for form in forms))
            needed = _placeholders(forms[-1])
            bad += [
                f"{forms[0]!r} ({name}.po): {text!r}"
                for text in _texts(message.string)
                if not _placeholders(text) <= allowed or (needed - {"num"}) - _placeholders(text)
            ]
    return bad


def _placeholders(text: str) -> set[str]:
    return {match[1] or match[2] or "" for match in _PLACEHOLDER.finditer(text) if match[0] != "%%"}


def chinese_in_code() -> list[str]:
    """Chinese literals in .py files (not docstrings or comments) and templates outside the allowed places."""
    found = []
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.html")]):
        name = path.relative_to(PACKAGE).as_posix()
        if not any(fnmatch(name, pattern) for pattern in CHINESE_ALLOWED):
            code = path.suffix == ".py"
            lines, chinese = (_literals(path), _IDEOGRAPH) if code else (_template_lines(path), _IN_TEMPLATES)
            found += [f"portal/{name}:{line}: {text.strip()[:60]}" for line, text in lines if chinese.search(text)]
    return found


def _literals(path: Path) -> list[tuple[int, str]]:
    """A module's string literals with their lines, without docstrings (of modules, classes, functions and attributes)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    ]


def _template_lines(path: Path) -> list[tuple[int, str]]:
    """A template's lines without its comments."""
    text = re.sub(
        r"\{#.*?#\}", lambda match: "\n" * match[0].count("\n"), path.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    return list(enumerate(text.splitlines(), start=1))


def _files() -> dict[str, list[str]]:
    """Which files translate a msgid."""
    files: dict[str, list[str]] = {}
    for name, catalog in catalogs().items():
        for message in _words(catalog):
            files.setdefault(_texts(message.id)[0], []).append(f"{name}.po")
    return files


def _known() -> set[str]:
    return set(_files())


def problems() -> list[str]:
    """All of it, a sentence each; empty when both languages are complete (what ``make i18n`` prints)."""
    kinds = {
        "no Chinese for": untranslated,
        "nothing uses": unused,
        "two translations of": contradictions,
        "other placeholders in": wrong_placeholders,
        "Chinese in the code at": chinese_in_code,
    }
    return [f"{words} {what}" for words, find in kinds.items() for what in find()]


__all__ = [
    "CHINESE_ALLOWED",
    "Used",
    "chinese_in_code",
    "contradictions",
    "problems",
    "untranslated",
    "unused",
    "wrong_placeholders",
]
