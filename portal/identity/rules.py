"""What is a password, a login, an address, a try too many. No database, no clock."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

LINK_SECONDS = 30 * 60  # an invitation, a forgotten password (machine time)
EMAIL_SECONDS = 24 * 3600  # a new address to be confirmed, by who is signed in
CODE_SECONDS = 5 * 60  # from the password to the second factor
FORGET_SECONDS = 3600  # tries are counted from one again after so long without any
PASSWORD_LEAST = 10
PASSWORD_MOST = 200
STEP_SECONDS = 30  # TOTP's (RFC 6238)
RECOVERY_CODES = 10

LOCALES = ("zh_Hans_CN", "en")  # in which people are written to; what nobody has chosen is the first

# Roles that handle a brand's money: the term identity.second-factor is about them.
GUARDED_ROLES = frozenset({"hq-finance", "hq-finance-manager"})


# ---------------------------------------------------------------- passwords and logins

# What people reach for: the letters of a password, small, must not be one of these, however many digits and signs stand around them.
_COMMON = frozenset(
    [
        "password",
        "passwort",
        "passw0rd",
        "passwd",
        "qwerty",
        "qwertyuiop",
        "qwertz",
        "azerty",
        "asdfghjkl",
        "asdfasdf",
        "zxcvbnm",
        "qazwsx",
        "qazwsxedc",
        "abc",
        "abcd",
        "abcdef",
        "abcdefgh",
        "abcabc",
        "admin",
        "administrator",
        "root",
        "test",
        "tester",
        "testtest",
        "guest",
        "user",
        "login",
        "welcome",
        "letmein",
        "changeme",
        "secret",
        "default",
        "master",
        "iloveyou",
        "loveyou",
        "monkey",
        "dragon",
        "football",
        "baseball",
        "sunshine",
        "princess",
        "superman",
        "batman",
        "trustno",
        "woaini",
        "wodemima",
        "mima",
        "mimashi",
        "aini",
        "zhangwei",
        "wangwei",
        "lining",
        "china",
        "beijing",
        "shanghai",
        "woaiwojia",
        "nihao",
        "portal",
        "dealer",
        "shouhou",
        "peijian",
    ]
)
_ROWS = (
    "01234567890123456789",
    "98765432109876543210",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb",
)
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{2,99}")
_EMAIL = re.compile(r"[^@\s<>\"(),;:\\]+@[a-z0-9-]+(\.[a-z0-9-]+)+")


def password_fault(password: str, login: str) -> str | None:
    """The code of what is wrong with a new password, or None: its length, too simple or common, the login itself."""
    if len(password) < PASSWORD_LEAST:
        return "password-short"
    if len(password) > PASSWORD_MOST:
        return "password-long"
    small, name = password.casefold(), login.casefold()
    letters = re.sub(r"[\W\d_]+", "", small)
    if name and (
        small == name
        or name in small
        or (len(letters) > 3 and letters == re.sub(r"[\W\d_]+", "", name.partition("@")[0]))
    ):
        return "password-is-login"
    if len(set(small)) < 5 or letters in _COMMON or any(small in row for row in _ROWS):
        return "password-common"
    return None


def login_fault(login: str) -> str | None:
    """The code of what is wrong with a new login's name (small letters), or None."""
    return None if _LOGIN.fullmatch(login) else "login-wrong"


def email(typed: str) -> str | None:
    """A mail address in small letters, or None for what is none."""
    small = typed.strip().lower()
    # a sign that nobody sees (U+200B, U+202E) makes an address look like another one
    return small if len(small) <= 200 and small.isprintable() and _EMAIL.fullmatch(small) else None


# ---------------------------------------------------------------- tries (AN2)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries are ``free``; the next one's successor waits ``first`` seconds, then twice as long each time, ``most`` at most."""

    free: int
    first: int
    most: int


# One login from one address: this is what stops guessing. Nobody else is held up by it.
PAIR = Limit(5, 2, 300)
# One login from anywhere, but for addresses it has signed in from: slows a guess spread over many addresses, never a lock.
ACCOUNT = Limit(30, 2, 15)
# One address over all logins: an office behind one address mistypes less than this.
ADDRESS = Limit(30, 2, 300)
# The six digits, whoever types them from wherever: who gets here knows the password.
CODE = Limit(5, 30, 900)
# The own password asked again by somebody who is signed in.
CONFIRM = Limit(5, 5, 300)
# "Forgot your password?"
RESET_PAIR = Limit(3, 60, 900)
RESET_ADDRESS = Limit(20, 10, 900)
# Mails with a link that anybody can have sent to one mailbox, from wherever and for whichever of its logins. The longest wait is shorter
# than a link works: whoever floods a mailbox never leaves its owner without a link that does.
MAILBOX = Limit(5, 60, 900)


def try_key(kind: str, *about: str) -> str:
    """Under what a try is counted: a hash, for people type their password into the wrong field."""
    return hashlib.sha256("\0".join((kind, *about)).encode("utf-8", "surrogatepass")).hexdigest()


def network(address: str | None) -> str:
    """What counts as one address: an IPv4 address, an IPv6 network of /64 (which one line has)."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return (address or "")[:60]
    # "::ffff:203.0.113.9", as a socket for both shows an IPv4 caller: else all of them were one network and shared one count
    found = (found.ipv4_mapped or found) if found.version == 6 else found
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


# ---------------------------------------------------------------- what a session is shown as

_BROWSERS = (("Edg", "Edge"), ("MicroMessenger", "WeChat"), ("DingTalk", "DingTalk"), ("OPR/", "Opera"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"),
             ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"))  # fmt: skip
_SYSTEMS = (("HarmonyOS", "HarmonyOS"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
            ("Mac OS X", "macOS"), ("Linux", "Linux"))  # fmt: skip


def device(agent: str | None) -> str:
    """The browser and system as their makers call them, "Chrome · Windows"; "" where neither is known."""
    return " · ".join(_first(agent or "", _BROWSERS) + _first(agent or "", _SYSTEMS))


def _first(agent: str, known: Iterable[tuple[str, str]]) -> list[str]:
    return next(([name] for mark, name in known if mark in agent), [])
