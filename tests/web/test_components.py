"""Every component draws what it promises, escapes what it is given, and needs no inline style or script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from portal.web.navigation import entries
from tests.web.kit import ERRORS, draw, make_app
from tools.vendor import ICONS

ROOT = Path(__file__).resolve().parents[2] / "portal"
TEMPLATES = ROOT / "templates"
COMPONENTS = sorted(path for path in (TEMPLATES / "components").glob("*.html") if path.name != "kit.html")
PAGES = sorted(
    path for path in TEMPLATES.rglob("*.html") if path.relative_to(TEMPLATES).parts[0] not in {"pdf", "mail"}
)
DRAWN_BY_OTHERS = {"field_error", "flashes", "mark", "step"}


def macros() -> dict[str, str]:
    """Public macros and the file of each."""
    return {
        name: path.name
        for path in COMPONENTS
        for name in re.findall(r"macro (\w+)\(", path.read_text(encoding="utf-8"))
        if not name.startswith("_")
    }


def test_every_macro_is_in_the_kit_and_the_readme_says_its_signature() -> None:
    readme = (TEMPLATES / "components" / "README.md").read_text(encoding="utf-8")
    kit = (TEMPLATES / "components" / "kit.html").read_text(encoding="utf-8")
    assert len(macros()) > 45
    for name in macros():
        assert f"{{% set {name} = _{name} %}}" in kit
    for path in COMPONENTS:
        for signature in re.findall(r"^\{# (?:call )?(\w+\(.*?\)): ", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert signature in readme, signature


def test_the_style_guide_shows_every_component() -> None:
    guide = (TEMPLATES / "styleguide.html").read_text(encoding="utf-8")
    assert {name for name in macros() if f"ui.{name}(" not in guide} == DRAWN_BY_OTHERS


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(TEMPLATES).as_posix())
def test_no_page_needs_what_the_content_security_policy_forbids(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.search(r"<[^>{]*\sstyle\s*=", text)
    assert not re.search(r"<[^>{]*\son[a-z]+\s*=\s*[\"']", text)
    assert not re.search(r"<style|javascript:", text)
    assert all("nonce=" in tag for tag in re.findall(r"<script[^>]*>", text))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(TEMPLATES).as_posix())
def test_every_icon_that_a_page_names_is_in_the_sprite(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"\bicon\('([\w-]+)'", text)) | set(re.findall(r"\bpicture='([\w-]+)'", text))
    assert named <= ICONS


def test_every_icon_of_the_navigation_is_in_the_sprite() -> None:
    assert {entry.icon for side in ("hq", "dealer") for entry in entries(side)} <= ICONS


def test_what_people_typed_is_escaped() -> None:
    assert "<script>" not in draw(
        "{{ ui.state(x, 'turn') }}{{ ui.due(x) }}{{ ui.note('info', x, x) }}{{ ui.log([dict(what=x, who=x, quote=x)]) }}{{ ui.combo('a', x, '/', value=x, said=x) }}",
        x="<script>",
    )


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ("state('waits', 'wait')", '<span class="state wait">waits</span>'),
        ("state('waits', 'wait', turn=true)", '<span class="state turn">waits</span>'),
        ("state('done', 'done', turn=true)", '<span class="state done">done</span>'),
        ("tag('stock')", '<span class="badge tag">stock</span>'),
        ("money(D('1234.5'))", '<span class="yen">¥1,234.50</span>'),
        ("money(none, 'l')", '<span class="yen yen-l">—</span>'),
        ("money(D('-3.5'), sign=false)", '<span class="yen">-3.50</span>'),
        ("changed('2', '4')", "<del>2</del> <ins>4</ins>"),
        ("changed('4', '4')", "4"),
        ("seg([('a', '/a', true), ('b', '/b', false)])", '<span class="seg" role="group"><a href="/a" class="on" aria-current="true">a</a><a href="/b">b</a></span>'),
        ("lines([('a', 'b')])", '<ul class="lines small"><li><span>a</span><span class="push dim">b</span></li></ul>'),
        ("kv([('a', 'b')])", '<dl class="kv"><dt>a</dt><dd>b</dd></dl>'),
    ],
)  # fmt: skip
def test_small_components_draw_exactly_this(call: str, shown: str) -> None:
    assert draw("{{ ui." + call + " }}") == shown


def test_a_countdown_has_a_clock_or_a_tick_and_its_words() -> None:
    red, done = draw("{{ ui.due('today', 'red', box=true) }}"), draw("{{ ui.due('in time', 'ok') }}")
    assert 'class="due red box"' in red
    assert "#i-clock" in red
    assert "<span>today</span>" in red
    assert "#i-check" in done


def test_tabs_count_up_to_999_and_mark_the_one_in_sight() -> None:
    shown = draw("{{ ui.tabs([dict(label='all', url='/', number=1284, current=true), dict(label='mine', url='/m', number=999, hot=true), dict(label='none', url='/n', number=0, hot=true), dict(label='rest', url='/r')]) }}")  # fmt: skip
    assert 'class="on" aria-current="page">all<span class="n">999+</span>' in shown
    assert '>mine<span class="n hot">999</span>' in shown
    assert '>none<span class="n">0</span>' in shown
    assert ">rest</a>" in shown


def test_the_pager_offers_only_pages_that_are_there() -> None:
    shown = draw("{{ ui.pager('50', older='/?before=7') }}", language="en")
    assert 'rel="next" href="/?before=7">Older' in shown
    assert re.search(r'aria-disabled="true">.*Newer', shown)
    assert "btn" not in draw("{{ ui.pager('3') }}")


def test_the_road_marks_what_is_past_and_where_it_stands() -> None:
    shown = draw("{{ ui.road([('draft', '11-01', 'past'), ('quoted', 'v2', 'now'), ('received', '', 'future')]) }}")
    assert shown.count("<li") == 3
    assert '<li class="past"><span class="k"><svg' in shown
    assert '<li class="now" aria-current="step">' in shown


def test_the_timeline_says_who_in_which_role_with_the_words_given() -> None:
    shown = draw("{{ ui.log([dict(what='quoted', who='Lin', role='clerk', quote='only 4', when='11-02 14:26', tone='hot'), dict(what='waits for you', tone='next')]) }}", language="en")  # fmt: skip
    assert (
        '<li class="hot"><div><span class="b">Lin</span> (clerk) quoted</div><div class="q">only 4</div><div class="w">11-02 14:26</div></li>'
        in shown
    )
    assert '<li class="next"><div><span class="b">waits for you</span></div></li>' in shown


def test_a_refused_step_stays_in_sight_and_says_why() -> None:
    shown = draw(
        "{{ ui.steps([dict(name='receive', label='Receive', url='', allowed=false, reason='Not shipped yet.')]) }}"
    )
    assert 'aria-disabled="true" aria-describedby="why-receive">Receive</button>' in shown
    assert '<div class="tiny dim" id="why-receive">Not shipped yet.</div>' in shown
    assert "<form" not in shown


def test_a_step_posts_with_the_token_and_what_was_seen() -> None:
    shown = draw(
        "{{ ui.steps([dict(name='agree', label='Agree', url='/agree', tone='primary', confirm='Sure?', hidden={'version': 2})]) }}"
    )
    assert (
        '<form method="post" action="/agree" data-once class="step-go" data-confirm="Sure?"><input type="hidden" name="csrf_token" value="'
        in shown
    )
    assert (
        '<input type="hidden" name="version" value="2"><button class="btn btn-primary" type="submit">Agree</button>'
        in shown
    )


def test_a_step_that_needs_a_reason_asks_for_it_where_it_stands() -> None:
    shown = draw(
        "{{ ui.steps([dict(name='dispute', label='Dispute', url='/dispute', asks='What is wrong', tone='bad')]) }}"
    )
    assert '<details class="step-ask" id="step-dispute"><summary class="btn btn-bad">Dispute</summary>' in shown
    assert (
        '<label class="form-label" for="reason-dispute">What is wrong</label><textarea class="form-control" id="reason-dispute" name="reason"'
        in shown
    )
    assert "required" in shown


def test_the_bar_of_a_phone_has_two_allowed_steps_at_most() -> None:
    shown = draw("{{ ui.steps_bar([dict(name='a', label='A', url='/a', allowed=false), dict(name='b', label='B', url='/b', asks='why'), dict(name='c', label='C', url='/c'), dict(name='d', label='D', url='/d')]) }}")  # fmt: skip
    assert 'href="#step-b"' in shown
    assert 'action="/c"' in shown
    assert ">A<" not in shown
    assert ">D<" not in shown
    assert draw("{{ ui.steps_bar([dict(name='a', label='A', url='/a', allowed=false)]) }}") == ""


class Example(FlaskForm):
    """One field of each kind."""

    class Meta(FlaskForm.Meta):
        csrf = False

    part = StringField("Part", [DataRequired()], description="A number")
    pieces = IntegerField("Pieces")
    cause = RadioField("Cause", choices=[SelectChoice("quality", "Quality"), SelectChoice("use", "Use")], default="use")
    read = BooleanField("I have read it")


def filled() -> Example:
    form = Example(formdata=None)
    form.part.errors = ["Unknown part."]
    return form


def test_a_field_ties_label_hint_and_error_together() -> None:
    with make_app().test_request_context("/"):
        form = filled()
        shown = draw("{{ ui.field(form.part, placeholder='FA01', data_price='2') }}", form=form, language="en")
    assert '<label class="form-label" for="part">Part</label>' in shown
    assert (
        'aria-describedby="part-hint part-error" aria-invalid="true" class="form-control is-invalid" data-price="2"'
        in shown
    )
    assert '<div class="field-hint" id="part-hint">A number</div>' in shown
    assert re.search(r'<div class="field-err" id="part-error">.*<span>Unknown part.</span></div>', shown)


def test_choices_are_a_group_and_boxes_have_their_words_beside_them() -> None:
    with make_app().test_request_context("/"):
        form = filled()
        shown = draw(
            "{{ ui.field(form.cause) }}{{ ui.field(form.read) }}{{ ui.field(form.pieces) }}", form=form, language="en"
        )
    assert '<fieldset class="field"><legend class="form-label">Cause</legend>' in shown
    assert re.search(r"<input checked [^>]*value=\"use\"><span>Use</span>", shown)
    assert re.search(
        r'<label class="check"><input class="form-check-input"[^>]*><span>I have read it</span></label>', shown
    )
    assert 'for="pieces">Pieces <span class="dim optional">may stay empty</span></label>' in shown


def test_a_form_that_came_back_says_that_nothing_was_lost_and_where_to_look() -> None:
    with make_app().test_request_context("/"):
        form = filled()
        english = draw("{{ ui.form_errors(form) }}", form=form, language="en")
        chinese = draw("{{ ui.form_errors(form) }}", form=form)
        clean = draw("{{ ui.form_errors(form) }}", form=Example(formdata=None))
    assert 'everything you typed is still here.</b> 1 place to change: <a href="#part">Part</a>' in english
    assert '没有提交成功，填的都在。</b>有 1 处要改：<a href="#part">Part</a>' in chinese
    assert clean == ""


def test_the_typeahead_is_a_combobox_whose_input_is_what_is_posted() -> None:
    shown = draw("{{ ui.combo('part', 'Part', '/parts.json', value='FA01', said='Cartridge', error='Gone.') }}")
    assert '<div class="combo" data-combo="/parts.json" data-combo-kind="part">' in shown
    assert (
        'id="part" name="part" class="form-control is-invalid" value="FA01" role="combobox" aria-expanded="false"'
        in shown
    )
    assert 'aria-controls="part-list"' in shown
    assert 'id="part-list" role="listbox"' in shown
    assert 'aria-describedby="part-said part-error"' in shown


def test_filters_live_in_the_address() -> None:
    shown = draw("{% call ui.filters('/orders', keep=[('tab', 'open'), ('x', '')]) %}{{ ui.filter_select('dealer', 'All dealers', [('D001', 'Hengda')], 'D001') }}{{ ui.chips([('since 10-04', '/orders?tab=open')], '/orders') }}{% endcall %}")  # fmt: skip
    assert (
        '<form class="filters" method="get" action="/orders" data-filters><input type="hidden" name="tab" value="open">'
        in shown
    )
    assert 'name="x"' not in shown
    assert '<option value="D001" selected>Hengda</option>' in shown
    assert 'href="/orders?tab=open"' in shown


def test_checks_are_told_apart_by_sign_and_word() -> None:
    shown = draw("{{ ui.checks([('pass', 'a'), ('warn', 'b', 'why'), ('block', 'c'), ('todo', 'd')]) }}", language="en")
    assert re.findall(r'class="(mark[^"]*)" role="img" aria-label="([^"]+)"', shown) == [("mark", "Passed"), ("mark warn", "Warning"), ("mark block", "Blocked"), ("mark todo", "Not done yet")]  # fmt: skip
    assert '<span class="y">why</span>' in shown


def test_sums_show_yuan_with_two_places_and_their_total_last() -> None:
    shown = draw("{{ ui.sum_list([('Balance', D('6345.7')), ('lines', 18)], total=('Left', D('1'))) }}")
    assert '<dt>Balance</dt><dd><span class="yen">¥6,345.70</span></dd>' in shown
    assert "<dt>lines</dt><dd>18</dd>" in shown
    assert shown.endswith('<div class="total"><dt>Left</dt><dd><span class="yen">¥1.00</span></dd></div></dl>')


def test_the_runway_says_its_signs_aloud() -> None:
    shown = draw("{{ ui.runway([dict(label='a', amount=D('3')), dict(label='b', amount=D('1'), op='−', sub='PO', url='/po'), dict(label='c', amount=D('2'), op='=', end=true)]) }}", language="en")  # fmt: skip
    assert 'class="runway tot-first of-3"' in shown
    assert '<span class="op" aria-hidden="true">−</span><span class="visually-hidden">less</span>' in shown
    assert '<a href="/po">PO</a>' in shown
    assert '<div class="end-cell">' in shown


def test_a_queue_row_has_count_money_deadline_and_a_way_in() -> None:
    shown = draw("{{ ui.queue([dict(count=1200, title='To review', url='/r', action='Review', amount=D('2516.5'), due='today', tone='red', age='4 days', primary=true)]) }}")  # fmt: skip
    assert '<li class="red">' in shown
    assert '<span class="cnt">999+</span>' in shown
    assert "¥2,516.50" in shown
    assert '<a class="btn btn-sm btn-primary" href="/r">Review</a>' in shown


def test_photos_that_are_missing_say_so() -> None:
    shown = draw(
        "{{ ui.tiles([dict(label='Nameplate', url='/p/1', note='10:02'), dict(label='After')]) }}", language="en"
    )
    assert '<img class="ph" src="/p/1" alt="Nameplate" loading="lazy">' in shown
    assert '<figure class="shot miss">' in shown
    assert "Not taken yet" in shown


def test_a_photo_is_taken_with_the_camera_and_posted_with_its_kind() -> None:
    shown = draw("{{ ui.recipe([dict(kind='fault', label='Fault')], '/photos') }}")
    assert (
        '<form method="post" action="/photos" enctype="multipart/form-data" data-upload><input type="hidden" name="csrf_token"'
        in shown
    )
    assert '<input type="hidden" name="kind" value="fault">' in shown
    assert (
        'type="file" name="photo" accept="image/jpeg,image/png,image/webp,image/heic,image/heif,.heic,.heif" capture="environment"'
        in shown
    )


def test_progress_needs_no_inline_width() -> None:
    assert '<progress class="bar" value="12" max="47" aria-label="12 of 47">12 / 47</progress>' in draw(
        "{{ ui.progress(12, 47, '12 of 47') }}"
    )
    assert 'value="0" max="1"' in draw("{{ ui.progress(0, 0) }}")


def test_chosen_rows_carry_their_amount() -> None:
    shown = draw("{{ ui.choose('PO1', 'PO1', amount=D('14.20')) }}")
    assert 'name="chosen" value="PO1" data-bulk-one data-amount="14.20"' in shown


@pytest.mark.parametrize("language", ["zh_Hans_CN", "en"])
@pytest.mark.parametrize("who", ["hq", "dealer", ""])
def test_the_style_guide_draws_for_everybody_with_every_id_once(language: str, who: str) -> None:
    client = make_app().test_client()
    client.set_cookie("portal_lang", language)
    answer = client.get("/styleguide", query_string={"as": who})
    ids = re.findall(r'\sid="([^"]+)"', answer.text)
    assert answer.status_code == 200
    assert sorted(set(ids)) == sorted(ids)
    assert f'<html lang="{"zh-CN" if language != "en" else "en"}" data-bs-theme="light">' in answer.text


def test_the_theme_comes_from_the_cookie_before_the_first_paint() -> None:
    client = make_app().test_client()
    client.set_cookie("portal_theme", "dark")
    assert 'data-bs-theme="dark"' in client.get("/styleguide").text
    client.set_cookie("portal_theme", '"><script>')
    assert 'data-bs-theme="light"' in client.get("/styleguide").text


def test_the_frame_shows_a_member_where_it_is_and_where_it_can_go() -> None:
    client = make_app().test_client()
    client.set_cookie("portal_lang", "en")
    page = client.get("/styleguide?as=dealer").text
    assert 'class="skip" href="#main"' in page
    assert '<a class="nav on" aria-current="page" href="/orders.index">' in page
    assert '<span class="n hot">999+</span>' in page or '<span class="n hot">1284</span>' in page
    assert "2026-11-02 (Mon) 16:20<br>Beijing time" in page
    assert page.count('name="place"') == 2
    assert '<nav class="tabbar"' in page
    assert re.search(r"""hx-headers:inherited='\{"X-CSRFToken": "[\w.-]+"\}'""", page)
    assert all('nonce="n0nce"' in tag for tag in re.findall(r"<script[^>]*>", page))
    assert "&lt;Xiaoyan&gt;" in client.get("/styleguide?as=hq").text
    assert '<nav class="tabbar"' not in client.get("/styleguide?as=hq").text


def test_a_stranger_sees_no_navigation() -> None:
    page = make_app().test_client().get("/styleguide").text
    assert 'class="nav' not in page
    assert "/identity.sign_out" not in page


@pytest.mark.parametrize("language", ["zh_Hans_CN", "en"])
@pytest.mark.parametrize("name", ERRORS)
def test_an_error_page_says_what_happened_what_was_lost_and_what_to_do(name: str, language: str) -> None:
    client = make_app().test_client()
    client.set_cookie("portal_lang", language)
    page = client.get(f"/error/{name}").text
    body = page.partition("error-page")[2].partition("</main>")[0]
    sentences = [
        re.sub(r"<[^>]+>", "", part).strip() for part in re.findall(r"<(?:h1|p)[^>]*>(.*?)</(?:h1|p)>", body, re.DOTALL)
    ]
    assert len([sentence for sentence in sentences if len(sentence) > 5]) >= 3
    assert any(word in body for word in ("没有", "nothing", "Nothing"))
    assert bool(re.search("[\u4e00-\u9fff]", body)) == (language != "en")
