"""What is a good password, a login, an address, a browser."""

from __future__ import annotations

import pytest

from portal.identity import rules


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("correct horse battery", None),
        ("三月的雨下了一整个星期", None),
        ("修配-Portal-2026", None),
        ("x7#kQ2!mZp", None),
        ("123456789", "password-short"),
        ("一二三四五六七八九", "password-short"),
        ("1234567890", "password-common"),
        ("9876543210", "password-common"),
        ("qwertyuiop", "password-common"),
        ("1qaz2wsx3edc", "password-common"),
        ("aaaaaaaaaaaa", "password-common"),
        ("abababababab", "password-common"),
        ("Password2026!", "password-common"),
        ("P@ssword 1234", None),
        ("Admin@123456", "password-common"),
        ("Woaini1314520", "password-common"),
        ("wangfang-12345", "password-is-login"),
        ("my wangfang login", "password-is-login"),
        ("WangFang2026!!", "password-is-login"),
        ("x" * 201, "password-long"),
    ],
)
def test_a_password_is_long_and_neither_common_nor_the_login(password: str, fault: str | None) -> None:
    assert rules.password_fault(password, "wangfang") == fault


def test_an_address_as_a_login_counts_by_what_stands_before_the_at() -> None:
    assert rules.password_fault("Zhao.Min-1998", "zhaomin@lanquan.example") == "password-is-login"
    assert rules.password_fault("Zhao.Min-1998", "qian@lanquan.example") is None


@pytest.mark.parametrize(
    ("login", "good"),
    [
        ("abc", True),
        ("wang.fang@lanquan.cn", True),
        ("a-b_c+1", True),
        ("ab", False),
        (".abc", False),
        ("Abc", False),
        ("a b", False),
        ("王芳芳", False),
        ("a" * 100, True),
        ("a" * 101, False),
        ("abc\n", False),
    ],
)
def test_a_login_is_small_letters_digits_and_a_few_signs(login: str, good: bool) -> None:
    assert (rules.login_fault(login) is None) is good


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" Wang.Fang@Lanquan.CN ", "wang.fang@lanquan.cn"),
        ("a+b@c-d.example", "a+b@c-d.example"),
        ("王芳@example.cn", "王芳@example.cn"),
        ("a@b", None),
        ("a@b..cn", None),
        ("a@@b.cn", None),
        ("a b@c.cn", None),
        ("a@b.cn, c@d.cn", None),
        ("a@b.cn\r\nBcc: x@y.cn", None),
        ("", None),
        ("a" * 200 + "@b.cn", None),
    ],
)
def test_a_mail_address_is_read_in_small_letters(typed: str, address: str | None) -> None:
    assert rules.email(typed) == address


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge · Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari · iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; X) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0 Mobile Safari/537.36 MicroMessenger/8.0",
            "WeChat · Android",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox · Linux"),
        ("curl/8.0", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_browser_is_named_as_its_makers_call_it(agent: str | None, device: str) -> None:
    assert rules.device(agent) == device


def test_links_last_thirty_minutes_and_the_second_step_five() -> None:
    assert (rules.LINK_SECONDS, rules.CODE_SECONDS) == (1800, 300)
