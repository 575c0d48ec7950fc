"""People come, forget their password, take a second factor: in a real browser, on a desk and on a phone, in both languages."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from urllib.parse import urljoin

import pyotp
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from portal.core import clock, outbox
from portal.identity.roles import Role
from portal.notices import jobs
from tests.browser.desk import Desk
from tests.factories.world import World, make_world
from tests.identity.people import PASSWORD, give_place, in_use, mails, person

pytestmark = pytest.mark.browser
WORDS = "三月 的 雨 下了 a week"


def link_to(world: World, to: str) -> str:
    """The path of the newest mailed link."""
    return str(mails(world, to)[-1].secret).removeprefix("http://localhost")


def turn(page: Page, *, english: bool) -> None:
    """Choose the language, as the switch does."""
    page.context.add_cookies(
        [{"name": "portal_lang", "value": "en" if english else "zh_Hans_CN", "url": urljoin(page.url, "/")}]
    )


def looks(desk: Desk, *addresses: str, shots: str = "") -> None:
    """Each of these pages fits in both languages."""
    for english in (False, True):
        for number, address in enumerate(addresses):
            desk.page.goto(address)
            turn(desk.page, english=english)
            desk.go(address)
            if shots:
                desk.page.screenshot(path=f"{shots}-{number}-{'en' if english else 'zh'}.png", full_page=True)


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_somebody_is_invited_chooses_a_login_and_scans_a_second_factor(
    world: World, desk_of: Callable[..., Desk], open_page: Callable[..., Page], phone: bool
) -> None:
    to, login = f"new.{world.code}@mail.example", f"zhaoxin{world.code}{os.getpid()}"
    shots = os.environ.get("PEOPLE_SHOTS", "") and f"{os.environ['PEOPLE_SHOTS']}/{'phone' if phone else 'desk'}"
    admin = desk_of(world.hq.admin, phone=phone)
    admin.go("/members")
    admin.sees("没有待加入的人员")
    admin.page.get_by_role("link", name="邀请", exact=True).click()
    admin.page.locator("#name").fill("赵新")
    admin.page.locator("#email").fill(to)
    admin.page.locator("input[value=hq-finance]").check()
    admin.press("发送邀请")
    admin.told("已邀请 赵新")
    admin.sees(to, "有效")
    looks(
        admin,
        "/members",
        "/members/invite",
        f"/members/{world.hq.clerk.scope.member_id}",
        shots=shots and f"{shots}-admin",
    )

    new = Desk(open_page(phone=phone), world.hq.finance)
    looks(
        new,
        link_to(world, to),
        link_to(world, to) + "/sign-in",
        "/forgotten",
        "/sign-in",
        shots=shots and f"{shots}-door",
    )
    turn(new.page, english=False)
    new.go(link_to(world, to))
    new.sees("赵新，您好")
    new.page.locator("#login").fill(login)
    new.page.locator("#password").fill(WORDS)
    new.page.locator("#again").fill(WORDS)
    new.press("加入")
    expect(new.page.get_by_label("主导航")).to_be_attached()

    new.go("/me/second-factor")
    new.page.locator("#password").fill(WORDS)
    new.press("设置")
    new.sees("扫码，然后输入验证码")
    drawn = Image.open(io.BytesIO(new.page.locator(".qr-large svg").screenshot()))
    (code,) = zxingcpp.read_barcodes(drawn)
    clockwork = pyotp.parse_uri(code.text)
    assert (clockwork.name, clockwork.issuer) == (login, "localhost")
    looks(new, "/me/second-factor", shots=shots and f"{shots}-scan")
    turn(new.page, english=False)
    new.go("/me/second-factor")
    new.page.locator("#code").fill(clockwork.at(for_time=clock.machine_now()))
    new.press("启用")
    new.sees("请保存这些恢复码")
    if shots:
        new.page.screenshot(path=f"{shots}-codes.png", full_page=True)
    codes = new.page.locator(".codes-list code").all_inner_texts()
    assert len(codes) == 10
    looks(
        new, "/me", "/me/password", "/me/email", "/me/sessions", "/me/second-factor",
        shots=shots and f"{shots}-own",
    )  # fmt: skip

    again = open_page(phone=phone)
    again.goto("/sign-in")
    again.locator("#login").fill(login)
    again.locator("#password").fill(WORDS)
    again.get_by_role("button", name="登录", exact=True).click()
    again.locator("#code").fill(codes[0])
    if shots:
        again.screenshot(path=f"{shots}-step.png", full_page=True)
    again.get_by_role("button", name="登录", exact=True).click()
    expect(again.get_by_label("主导航")).to_be_attached()
    turn(new.page, english=False)
    new.go("/me/sessions")
    new.press("退出该处登录")
    new.told("该浏览器已退出登录")
    again.goto("/")
    expect(again.locator("#password")).to_be_visible()


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_forgotten_password_is_set_by_the_mailed_link(
    world: World, open_page: Callable[..., Page], phone: bool
) -> None:
    to = f"gone.{world.code}@mail.example"
    actor, login = person(world, Role.DEALER_CLERK, dealer_id=world.d1.id, email=to)
    in_use(actor)
    desk = Desk(open_page(phone=phone), actor)
    desk.go("/sign-in")
    desk.page.get_by_role("link", name="忘记密码？").click()
    desk.page.locator("#login").fill(to)
    desk.press("发送链接")
    desk.sees("请查收邮件")
    desk.go(link_to(world, to))
    desk.page.locator("#password").fill(WORDS)
    desk.page.locator("#again").fill(WORDS)
    desk.press("设置密码")
    desk.page.locator("#login").fill(login)
    desk.page.locator("#password").fill(WORDS)
    desk.press("登录")
    desk.sees("二次验证")
    looks(desk, "/sign-in/code")


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_an_address_is_confirmed_a_token_made_and_a_papers_code_asks_before_the_place_changes(
    world: World, desk_of: Callable[..., Desk], phone: bool
) -> None:
    shots = os.environ.get("PEOPLE_SHOTS", "") and f"{os.environ['PEOPLE_SHOTS']}/{'phone' if phone else 'desk'}-new"
    to = f"new.{world.code}.{'phone' if phone else 'desk'}@mail.example"
    actor, login = person(world, Role.HQ_CLERK)
    give_place(world, int(actor.login_id or 0), login, Role.DEALER_CLERK, dealer_id=world.d1.id)
    in_use(actor)
    order = world.submitted_order(world.d1)
    desk = desk_of(actor, phone=phone)
    desk.go("/me/email")
    desk.page.locator("#email").fill(to)
    desk.page.locator("#password").fill(PASSWORD)
    desk.press("保存邮箱")
    desk.sees(f"{to} 待确认")
    link = link_to(world, to)
    looks(desk, "/me", "/me/email", link, "/tokens", "/me/second-factor", "/members", shots=shots)
    turn(desk.page, english=False)
    desk.go(link)
    desk.press("使用此邮箱")
    desk.told(f"邮箱已改为 {to}")
    desk.go(f"/q/{world.code}/{order}")  # seen from headquarters at once
    expect(desk.page).to_have_url(urljoin(desk.page.url, f"/orders/{order}"))
    other = make_world()
    give_place(other, int(actor.login_id or 0), login, Role.HQ_AUDITOR)
    foreign = other.submitted_order(other.d1)
    looks(desk, f"/q/{other.code}/{foreign}", shots=shots and f"{shots}-q")
    turn(desk.page, english=False)
    desk.go(f"/q/{other.code}/{foreign}")
    desk.page.get_by_role("button", name="换到").click()
    expect(desk.page).to_have_url(urljoin(desk.page.url, f"/orders/{foreign}"))
    admin = desk_of(world.hq.admin, phone=phone)
    with world.as_(world.hq.system) as session:
        outbox.add(session, template="password-reset", to="no address", at=clock.now(), secret="https://localhost/reset/x",
                   facts={"login": "li", "minutes": 30})  # fmt: skip
    while jobs.send_mail():
        pass
    failed = mails(world, "no address")[-1].id
    looks(admin, f"/outbox/{failed}", "/outbox", "/jobs", "/members/invite", shots=shots and f"{shots}-hq")
