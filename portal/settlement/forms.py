"""What is asked of somebody who works on a settlement, or answers a statement."""

from __future__ import annotations

import re

from flask_babel import lazy_gettext as _l

from portal.web.forms import PortalForm, TextField, WholeField, WordsField

_LINE = re.compile(r"([A-Z]{2}[0-9]{4}-[0-9]{4,8})[/#-]([0-9]{1,4})", re.ASCII)
_BETWEEN = re.compile(r"[\s,;，；、]+")


class ExcludeForm(PortalForm):
    """Which line to leave out, and why."""

    claim = TextField(_l("Claim"), most=20)
    position = WholeField(_l("Line"), low=1)
    reason = TextField(_l("Reason for leaving it out"), most=500)


class SendBackForm(PortalForm):
    """Why a checked month goes back."""

    reason = WordsField(_l("What has to be looked at again?"), optional=False, most=500)


class DisputeForm(PortalForm):
    """What a dealer finds wrong with its statement, and perhaps on which lines."""

    reason = WordsField(_l("What is wrong?"), optional=False, most=500)
    lines = TextField(_l("Which claim lines, if it is about some"), optional=True, most=500)


class AnswerForm(PortalForm):
    """Headquarters' answer to a dispute."""

    answer = WordsField(_l("Answer to the dealer"), optional=False, most=500)


def lines_of(typed: str) -> tuple[set[tuple[str, int]], str]:
    """RC2610-0003/2, RC2610-0004/1 as (claim, line); and the first word that is no line, '' if each is."""
    found = set()
    for word in filter(None, _BETWEEN.split(typed.upper())):
        if (line := _LINE.fullmatch(word)) is None:
            return set(), word
        found.add((line[1], int(line[2])))
    return found, ""
