"""What the page kit's scripts do, in Chromium, under the strict content security policy."""

from __future__ import annotations

import io
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, Response, jsonify, redirect, render_template_string, request
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, expect
from werkzeug.serving import make_server

from tests.web.kit import make_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")]
CSP = "default-src 'none'; script-src 'self' 'nonce-n0nce'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"

PARTS: list[dict[str, Any]] = [
    {"value": "FA01", "number": "FA01", "name": "Cartridge", "spec": "35mm", "price": "14.20", "note": "126"},
    {"value": "FA03", "number": "FA03", "name": "Cartridge", "spec": "40mm", "price": "17.90"},
    {"value": "FA00", "number": "FA00", "name": "Cartridge", "spec": "old", "blocked": True, "use": "FA01"},
]
ORDER = """
{% extends 'base.html' %}{% import 'components/kit.html' as ui %}{% block title %}Order{% endblock %}
{% macro row(i) %}<tr data-line><td>{{ ui.combo('lines-' ~ i ~ '-part', 'Part', '/parts.json', quiet=true, id='p' ~ i) }}</td>
<td><select name="lines-{{ i }}-purpose" data-purpose aria-label="Purpose"><option value="stock">Stock</option><option value="warranty">Warranty</option></select></td>
<td><input name="lines-{{ i }}-quantity" data-quantity aria-label="Pieces"></td><td data-line-total></td><td><button type="button" data-remove-line>x</button></td></tr>{% endmacro %}
{% block content %}{% if wrong %}<div data-errors tabindex="-1">wrong</div>{% endif %}
<form method="post" action="/order" data-draft-key="order" data-confirm="Submit?">{{ ui.csrf() }}
<table data-paste-lines="part,quantity,purpose"><tbody data-rows>{{ row(0) }}</tbody></table><template data-line-template>{{ row('__index__') }}</template>
<button type="button" data-add-line>more</button><b data-total></b><i data-total-of="warranty"></i><input name="remark" aria-label="Remark"><button id="send" type="submit">Send</button></form>
<button id="part" hx-post="/part" hx-target="#answer">part</button><div id="answer"></div>
<ul><li><form method="post" action="/photos" enctype="multipart/form-data" data-upload>{{ ui.csrf() }}<input type="file" name="photo" aria-label="Fault"></form><span data-upload-state></span><div data-preview></div></li></ul>
{% endblock %}
"""


@pytest.fixture(scope="module")
def posted() -> list[Any]:
    """What the server was sent, in order."""
    return []


@pytest.fixture(scope="module")
def address(posted: list[Any]) -> Iterator[str]:
    """A server with one page of lines, answering as a portal would."""
    app = make_app()
    pages(app, posted)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def pages(app: Flask, posted: list[Any]) -> None:
    """The routes behind the page."""

    @app.after_request
    def strict(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CSP
        return response

    @app.get("/parts.json")
    def parts() -> Response:
        wish = request.args["q"].lower()
        return jsonify(items=[part for part in PARTS if wish in f"{part['value']} {part['name']}".lower()], more=0)

    @app.route("/order", methods=["GET", "POST"])
    def order() -> Any:
        if request.method == "POST":
            posted.append(request.form.to_dict())
            return redirect(
                {"signed out": "/signed-out", "refused": "/order?as=dealer&wrong=1"}.get(
                    request.form["remark"], "/done?as=dealer"
                )
            )
        return render_template_string(ORDER, wrong="wrong" in request.args)

    @app.get("/signed-out")
    def signed_out() -> str:
        return render_template_string("{% extends 'base_plain.html' %}{% block title %}Sign in{% endblock %}")

    @app.get("/done")
    def done() -> str:
        return render_template_string(
            "{% extends 'base.html' %}{% block title %}Done{% endblock %}{% block content %}done{% endblock %}"
        )

    @app.post("/part")
    def part() -> str:
        return "<b>fresh</b>"

    @app.post("/photos")
    def photos() -> Any:
        image = Image.open(io.BytesIO(request.files["photo"].read()))
        posted.append((image.format, image.size))
        return ("", 503) if len(posted) == 1 else {"ok": True}


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Debian's browser; the plug-in's ``playwright``, because two of them in one process quarrel."""
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    )
    yield browser
    browser.close()


@pytest.fixture
def page(chromium: Browser, address: str, posted: list[Any]) -> Iterator[Page]:
    """The page of lines in a fresh browser; anything that the policy or a script complains about fails the test."""
    posted.clear()
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"], base_url=address)
    sheet = context.new_page()
    said: list[str] = []
    sheet.on(
        "console",
        lambda message: said.append(message.text) if message.type == "error" and "503" not in message.text else None,
    )
    sheet.on("pageerror", lambda error: said.append(str(error)))
    sheet.goto("/order?as=dealer")
    yield sheet
    context.close()
    assert said == []


def test_a_part_is_found_and_taken_with_the_keyboard_and_the_sum_runs_along(page: Page) -> None:
    page.locator("#p0").press_sequentially("car")
    page.wait_for_selector("#p0-list [role=option]")
    assert page.locator("#p0-list [role=option]").count() == 3
    page.keyboard.press("ArrowDown")
    assert page.get_attribute("#p0", "aria-activedescendant") == "p0-list-1"
    page.keyboard.press("Enter")
    assert page.input_value("#p0") == "FA03"
    page.keyboard.type("3")
    assert page.inner_text("[data-line-total]") == page.inner_text("[data-total]") == "¥53.70"
    page.select_option("[name=lines-0-purpose]", "warranty")
    assert page.inner_text("[data-total-of=warranty]") == "¥53.70"


def test_a_part_that_was_replaced_offers_the_one_that_replaces_it(page: Page) -> None:
    page.locator("#p0").press_sequentially("FA00")
    page.wait_for_selector("#p0-list [role=option]")
    page.keyboard.press("Enter")
    expect(page.locator("#p0")).to_have_value("FA01")
    expect(page.locator("#p0-said")).to_have_text("Cartridge 35mm")


def test_a_scanner_that_types_and_presses_enter_at_once_is_understood(page: Page) -> None:
    page.locator("#p0").press_sequentially("fa03")
    page.keyboard.press("Enter")
    expect(page.locator("#p0")).to_have_value("FA03")
    assert "/order" in page.url


def test_lines_pasted_from_excel_fill_rows_and_wrong_ones_are_marked(page: Page) -> None:
    page.evaluate(
        "navigator.clipboard.writeText('Part\\tPieces\\tPurpose\\nFA01\\t２\\tWarranty\\nFA03\\t1\\tstock\\nZZ9\\t4\\t\\n')"
    )
    page.focus("#p0")
    page.keyboard.press("Control+V")
    page.wait_for_selector("#p2.is-invalid")
    assert [page.input_value(f"[name=lines-{line}-part]") for line in range(3)] == ["FA01", "FA03", "ZZ9"]
    assert [page.input_value(f"[name=lines-{line}-quantity]") for line in range(3)] == ["2", "1", "4"]
    assert page.input_value("[name=lines-0-purpose]") == "warranty"
    expect(page.locator("[data-total]")).to_have_text("¥46.30")


@pytest.mark.parametrize(("remark", "kept"), [("signed out", True), ("refused", True), ("fine", False)])
def test_what_was_typed_is_kept_until_it_was_really_taken(
    page: Any, posted: list[Any], remark: str, kept: bool
) -> None:
    page.click("[data-add-line]")
    page.fill("[name=lines-1-quantity]", "7")
    page.fill("[name=remark]", remark)
    page.click("#send")
    page.click("[data-ask-yes]")
    page.wait_for_url({"signed out": "**/signed-out", "refused": "**wrong=1", "fine": "**/done?as=dealer"}[remark])
    assert posted[0]["lines-1-quantity"] == "7"
    page.goto("/order?as=dealer")
    page.wait_for_load_state()
    assert page.locator("[data-line]").count() == (2 if kept else 1)
    assert page.input_value("[name=remark]") == (remark if kept else "")


def test_a_form_asks_first_and_goes_once(page: Page, posted: list[Any]) -> None:
    page.fill("[name=remark]", "fine")
    page.click("#send")
    page.click("[data-ask-no]")
    assert posted == []
    page.evaluate("document.querySelector('form[data-confirm]').removeAttribute('data-confirm')")
    page.evaluate("document.querySelector('#send').click(); document.querySelector('#send').click()")
    page.wait_for_url("**/done?as=dealer")
    assert len(posted) == 1


def test_htmx_sends_the_token_from_the_body(page: Page) -> None:
    page.click("#part")
    page.wait_for_selector("#answer b")
    assert page.inner_text("#answer") == "fresh"


def test_a_photo_is_shrunk_and_sent_again_when_the_server_was_away(page: Page, posted: list[Any]) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (4000, 3000), "teal").save(picture, "PNG")
    page.set_input_files("input[type=file]", {"name": "big.png", "mimeType": "image/png", "buffer": picture.getvalue()})
    page.wait_for_selector("[data-upload-state] .due.ok", timeout=20_000)
    assert posted == [("JPEG", (1600, 1200)), ("JPEG", (1600, 1200))]
    assert page.locator("[data-preview] canvas").count() == 1


def test_keys_menus_and_theme(page: Page) -> None:
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.press("Tab")
    page.click(".place-menu summary")
    assert page.locator(".place-menu[open] button").count() == 2
    page.keyboard.press("Escape")
    assert page.locator(".place-menu[open]").count() == 0
    page.click("[data-theme-toggle]:visible")
    page.reload()
    assert page.get_attribute("html", "data-bs-theme") == "dark"


def test_a_phone_opens_its_menu(page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 812})
    page.click("[data-side-open]")
    assert page.is_visible("#side nav")
    page.keyboard.press("Escape")
    assert not page.is_visible("#side nav")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
