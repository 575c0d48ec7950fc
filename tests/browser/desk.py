"""A person in front of the portal: what everybody does on any page, and what must be true of every page."""

from __future__ import annotations

import re
from io import BytesIO

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response, Route, expect
from pypdf import PdfReader

from portal.core.permissions import Actor

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 375, "height": 812}
PATIENCE = 20_000  # ms; two cores may be shared with a database, a browser and another worker

# Chromium tells the console about the CSP too; this also names the directive and what it stopped.
_TELL_CSP = """document.addEventListener('securitypolicyviolation', function (event) {
  console.error('CSP: ' + event.violatedDirective + ' stopped ' + event.blockedURI);
});"""

# Presses the button once more, 50 ms after it sent its form, and says when that has happened.
_PRESS_AGAIN = """button => document.addEventListener('submit', () => setTimeout(() => {
  button.click();
  setTimeout(() => fetch('/healthz?pressed-again'), 50);
}, 50), { once: true })"""


class Watch:
    """Collects what must never happen: console errors, script errors, stopped or failed requests, answers from 400 on."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def over(self, page: Page) -> None:
        """Watch this page from now on."""
        page.add_init_script(_TELL_CSP)
        page.on("console", lambda message: self._said(page, message))
        page.on("pageerror", lambda error: self._note(page, f"script: {error}"))
        page.on("requestfailed", lambda request: self._failed(page, request))
        page.on("response", lambda response: self._answered(page, response))

    def fine(self) -> None:
        """Nothing went wrong so far."""
        assert self.wrong == []

    def _note(self, page: Page, what: str) -> None:
        self.wrong.append(f"{page.url}: {what}")

    def _said(self, page: Page, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._note(page, f"console {message.type}: {message.text}")

    def _failed(self, page: Page, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page itself gives up a search when more is typed
            self._note(page, f"{request.method} {request.url}: {request.failure}")

    def _answered(self, page: Page, response: Response) -> None:
        if response.status >= 400:
            self._note(page, f"{response.request.method} {response.url}: {response.status}")


class Desk:
    """A member's own browser. Every action waits for what it leads to; nothing sleeps."""

    def __init__(self, page: Page, actor: Actor) -> None:
        self.page = page
        self.actor = actor

    # -- coming and going --

    def sign_in(self, password: str) -> None:
        """By the form, with the password."""
        self.page.goto("/sign-in")
        self.page.get_by_label("登录名").fill(f"{self.actor.name}-{self.actor.brand_code}")
        self.page.get_by_label("密码").fill(password)
        self.page.get_by_role("button", name="登录", exact=True).click()
        expect(self.page.get_by_label("主导航")).to_be_attached()
        self.fits()

    def sign_out(self) -> None:
        """By the menu under one's name; the way back leads to the sign-in page."""
        self.page.get_by_label(f"{self.actor.name}，我的菜单").click()
        self.page.get_by_role("button", name="退出登录").click()
        expect(self.page.get_by_label("密码")).to_be_visible()
        self.page.goto("/")
        expect(self.page.get_by_label("密码")).to_be_visible()

    def go(self, address: str) -> None:
        """Open a page of the portal."""
        self.page.goto(address)
        self.fits()

    def walk(self, item: str) -> None:
        """Through the side navigation."""
        self.page.get_by_label("主导航").get_by_role("link", name=re.compile(rf"^{item}( ?\d+\+?)?$")).click()
        expect(self.page.get_by_label("主导航").locator("[aria-current=page]")).to_contain_text(item)
        self.fits()

    # -- seeing --

    def sees(self, *words: str) -> None:
        """All of these words stand on the page, in sight."""
        for each in words:
            expect(self.page.get_by_text(each).filter(visible=True).first).to_be_visible()
        self.fits()

    def told(self, words: str) -> None:
        """The message after a step."""
        expect(self.page.locator(".toast-p").filter(has_text=words)).to_be_visible()
        self.fits()

    def stands_at(self, words: str) -> None:
        """The document's state beside its number."""
        expect(self.page.locator("h1 .state")).to_have_text(words)
        self.fits()

    def fits(self) -> None:
        """The page is there whole, and nothing stands out at its side (WCAG 1.4.10)."""
        self.page.wait_for_load_state()
        wide, window = self.page.evaluate("document.documentElement.scrollWidth"), self.page.viewport_size
        assert window is not None
        assert wide <= window["width"], f"{self.page.url} is {wide} px wide in {window['width']} px"

    def cells(self, row: str, within: str = "main") -> list[str]:
        """The words in the cells of the row that says ``row``."""
        found = self.page.locator(f"{within} tr").filter(has_text=row).first
        expect(found).to_be_visible()
        return [" ".join(cell.split()) for cell in found.locator("td").all_inner_texts()]

    def figure(self, label: str) -> str:
        """What stands under this label in a runway (account, statement, settlement) or beside it in a list of sums."""
        exact = re.compile(rf"^\s*{re.escape(label)}\s*$")
        cell = self.page.locator(".runway > div, dl.sum-list > div").filter(
            has=self.page.locator(".l, dt").filter(has_text=exact)
        )
        return cell.locator(".v, dd").filter(visible=True).first.inner_text().strip()

    # -- doing --

    def button(self, name: str) -> Locator:
        """A button or a link that looks like one, in sight."""
        return self.page.get_by_role("button", name=name, exact=True).filter(visible=True)

    def press(self, name: str) -> None:
        """Press a button."""
        self.button(name).click()

    def press_twice(self, name: str) -> None:
        """Double click a button, and once more while the answer is on its way; only one request may leave the page."""
        held: list[Route] = []

        def hold(route: Route) -> None:
            if route.request.method == "POST" and route.request.is_navigation_request():
                held.append(route)
            else:
                route.fallback()

        button = self.button(name)
        button.evaluate(_PRESS_AGAIN)
        self.page.route("**/*", hold)
        with self.page.expect_request("**/healthz?pressed-again"):
            button.dblclick()
        assert len(held) == 1, [route.request.url for route in held]
        with self.page.expect_navigation():
            held[0].continue_()
        self.page.unroute("**/*")

    def agree(self, name: str) -> None:
        """Answer the question that a button asks first."""
        self.page.locator("dialog[open]").get_by_role("button", name=name, exact=True).click()

    def choose(self, field: Locator, typed: str, item: str) -> None:
        """Type into a typeahead and take the item of the list."""
        field.press_sequentially(typed)
        option = self.page.get_by_role("option").filter(has_text=item)
        expect(option).to_be_visible()
        expect(option).to_have_attribute("aria-selected", "true")
        field.press("Enter")
        expect(self.page.get_by_role("listbox").filter(visible=True)).to_have_count(0)
        assert field.input_value() == item

    def paper(self, link: Locator) -> str:
        """The text of the PDF behind a link."""
        address = link.get_attribute("href")
        assert address is not None
        answer = self.page.context.request.get(address)
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/pdf"
        return "\n".join(page.extract_text() for page in PdfReader(BytesIO(answer.body())).pages)
