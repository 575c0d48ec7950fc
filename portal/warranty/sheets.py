"""产品档案, 保修政策: registered products and warranty policies, as brands keep them (R13, R15)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.core.tables import Cell, Column, Problem, Sheet, read_tables, understand
from portal.core.tables import cells as cell
from portal.core.tables.sheets import Reading
from portal.warranty.labels import BASES, USES
from portal.warranty.models import Basis
from portal.warranty.rules import PolicyRow, ProductRow
from portal.web import sheets as exported
from portal.web.exports import Listing
from portal.web.formats import mask_name, mask_phone

PRODUCT_COLUMNS = (
    Column("serial", ("产品序列号", "序列号", "产品编号", "机身编号", "机号", "保修卡号", "质保卡号", "产品条码",
                      "serial number", "serial no", "serial", "warranty card number")),
    Column("model", ("产品型号", "型号", "机型", "产品系列", "系列", "model", "product model")),
    Column("category", ("品类", "产品类别", "产品品类", "产品分类", "类别", "product category", "category"),
           required=False),
    Column("made_on", ("生产日期", "出厂日期", "制造日期", "made on", "production date", "manufactured"), required=False),
    Column("bought_on", ("购买日期", "购机日期", "销售日期", "成交日期", "下单日期", "bought on", "purchase date",
                         "date of purchase"), required=False),
    Column("installed_on", ("安装日期", "送装日期", "上门安装日期", "完工日期", "installed on", "installation date"),
           required=False),
    Column("use", ("用途", "使用性质", "使用场所", "使用类型", "use", "usage"), required=False),
    Column("dealer_code", ("经销商编号", "经销商编码", "经销商代码", "门店编号", "销售门店", "客户编号", "客户代码", "客户编码", "dealer code",
                           "dealer")),
    Column("customer_name", ("用户姓名", "客户姓名", "姓名", "用户", "顾客姓名", "业主", "业主姓名", "customer name",
                             "customer")),
    Column("phone", ("联系电话", "联系方式", "电话", "手机", "手机号", "用户电话", "客户电话", "phone", "mobile"), required=False),
    Column("address", ("地址", "用户地址", "安装地址", "送货地址", "详细地址", "address"), required=False),
)  # fmt: skip

POLICY_COLUMNS = (
    Column("category", ("品类", "产品类别", "产品品类", "产品分类", "product category", "category")),
    Column("group", ("配件类别", "配件分类", "部件类别", "部位", "保修部位", "物料类别", "零件类别", "part group", "group")),
    Column("home_months", ("家用保修月数", "家用保修期", "家用月数", "家用", "家庭使用", "家用质保", "home months", "home")),
    Column("commercial_months", ("商用保修月数", "商用保修期", "商用月数", "商用", "商业使用", "商用质保",
                                 "commercial months", "commercial")),
    Column("basis", ("起算", "起算日", "起算日期", "起算方式", "保修起算", "counts from", "basis"), required=False),
    Column("remark", ("备注", "说明", "remark", "remarks", "note"), required=False),
)  # fmt: skip

WHOLE_UNIT = frozenset({"整机", "整件", "整体", "整套", "全部", "整机保修", "whole unit", "whole", "all"})
MOST_MONTHS = 600

_USES = {
    "家用": False, "家庭": False, "家庭使用": False, "住宅": False, "home": False, "household": False, "private": False,
    "商用": True, "商业": True, "工程": True, "商业使用": True, "commercial": True, "business": True,
}  # fmt: skip
_NEVER = frozenset({"不保", "不保修", "0", "never", "not covered"})
_STEPS = (("安装", Basis.INSTALLED), ("install", Basis.INSTALLED), ("送装", Basis.INSTALLED), ("购", Basis.BOUGHT),
          ("purchase", Basis.BOUGHT), ("bought", Basis.BOUGHT), ("销售", Basis.BOUGHT), ("生产", Basis.MADE),
          ("出厂", Basis.MADE), ("production", Basis.MADE), ("made", Basis.MADE))  # fmt: skip
_ORDER = (Basis.INSTALLED, Basis.BOUGHT, Basis.MADE)


ProductSheet = Sheet[ProductRow]
PolicySheet = Sheet[PolicyRow]


def read_products(data: bytes, filename: str) -> ProductSheet:
    """Registered products; a serial number that stands twice is a bad row. Raises TableRefused.

    A day in the future is no bad row (R15); days in the wrong order, or none at all, are warnings.
    """
    return understand(
        read_tables(data, filename), PRODUCT_COLUMNS, _product, key=("serial", lambda row: row.serial.upper())
    )


def read_policy(data: bytes, filename: str, *, first_day: date | None = None) -> PolicySheet:
    """A policy with its first day of force: ``first_day`` when given, else the file's own (neither: a problem, R15).

    Two lines for one category and group are a bad row; a category without a line for the whole unit is a warning (R13).
    Raises TableRefused.
    """
    sheet = understand(
        read_tables(data, filename),
        POLICY_COLUMNS,
        _policy,
        key=("group", lambda row: (row.category, row.group)),
        first_day=first_day,
        dated=True,
    )
    whole = {row.category for row in sheet.rows if row.whole_unit}
    lacking = dict.fromkeys(row.category for row in sheet.rows if row.category not in whole)
    more = tuple(Problem(None, None, "policy-no-whole-unit", {"category": category}) for category in lacking)
    return replace(sheet, warnings=sheet.warnings + more)


def _product(reading: Reading) -> ProductRow:
    row = ProductRow(
        row_no=reading.no,
        serial=reading.need("serial", cell.code, ""),
        model=reading.need("model", cell.code, ""),
        category=reading.take("category", cell.text, reading.section),
        made_on=reading.take("made_on", cell.day, None),
        bought_on=reading.take("bought_on", cell.day, None),
        installed_on=reading.take("installed_on", cell.day, None),
        commercial=reading.take("use", cell.choice(_USES), blank=False),
        dealer_code=reading.need("dealer_code", cell.code, ""),
        customer_name=reading.need("customer_name", cell.text, ""),
        phone=reading.take("phone", cell.code, ""),
        address=reading.take("address", cell.text, ""),
    )
    if reading.problems:
        return row
    known = [
        (name, day)
        for name, day in (
            ("made_on", row.made_on),
            ("bought_on", row.bought_on),
            ("installed_on", row.installed_on),
        )
        if day is not None
    ]
    for (earlier, first), (later, second) in pairwise(known):
        if second < first:
            reading.warn(later, "days-in-disorder", day=second, other=reading.heading(earlier), before=first)
    if not known:
        reading.warn(None, "product-without-days")
    return row


def _policy(reading: Reading) -> PolicyRow:
    group = reading.need("group", cell.text, "")
    return PolicyRow(
        row_no=reading.no,
        category=reading.take("category", cell.text, reading.section or "") or _no_category(reading),
        group=None if group.lower() in WHOLE_UNIT else group,
        home_months=reading.need("home_months", _months, 0),
        commercial_months=reading.need("commercial_months", _months, 0),
        basis=reading.take("basis", _basis, Basis.INSTALLED),
        remark=reading.take("remark", cell.text, ""),
    )


def _no_category(reading: Reading) -> str:
    if not any(problem.heading == reading.heading("category") for problem in reading.problems):
        reading.refuse("category", "cell-empty")
    return ""


def _months(raw: Cell) -> int:
    """36, '36个月', '3年' as months; 不保 as 0."""
    if isinstance(raw, str) and raw.strip().lower() in _NEVER:
        return 0
    if isinstance(raw, str) and (
        years := re.fullmatch(r"(\d{1,2})\s*(?:年|years?)", cell.half_width(raw).strip().lower())
    ):
        return int(years[1]) * 12
    return cell.whole(raw, low=0, high=MOST_MONTHS, units=("个月", "月", "months", "month"))


def _basis(raw: Cell) -> Basis:
    """'安装日期;无则购买日期;再无则生产日期+3个月' as the first of them; the others must follow in R13's order."""
    said = cell.text(raw)
    steps: list[Basis] = []
    for clause in re.split(r"[;,。]", unicodedata.normalize("NFKC", said).lower()):
        step = next((basis for word, basis in _STEPS if word in clause), None)
        late = re.search(r"\+\s*(\d+)", clause)
        if clause.strip() and (step is None or (late and (step is not Basis.MADE or int(late[1]) != 3))):
            raise cell.CellRefused("basis-unknown", value=cell.shown(said))
        if step is not None:
            steps.append(step)
    at = _ORDER.index(steps[0]) if steps else 0
    if not steps or tuple(steps) != _ORDER[at : at + len(steps)]:
        raise cell.CellRefused("basis-unknown", value=cell.shown(said))
    return steps[0]


# ------------------------------------------------------------------------------------------------ out


PRODUCTS: Listing[Any] = Listing(
    "products",
    _l("Registered products"),
    (
        exported.Column(_l("Serial number"), "serial", width=20),
        exported.Column(_l("Product model"), "model", width=16),
        exported.Column(_l("Made on"), "made_on", "day"),
        exported.Column(_l("Bought on"), "bought_on", "day"),
        exported.Column(_l("Installed on"), "installed_on", "day"),
        exported.Column(_l("Use"), lambda row: USES[row.use], width=10),
        exported.Column(_l("Customer"), lambda row: mask_name(row.customer_name), width=10),
        exported.Column(_l("Phone"), lambda row: mask_phone(row.customer_phone), width=14),
        exported.Column(_l("Dealer code"), "dealer_code", only="hq", width=12),
        exported.Column(_l("Dealer"), "dealer_name", only="hq", width=28),
    ),
)
POLICIES: Listing[Any] = Listing(
    "policies",
    _l("Warranty policies"),
    (
        exported.Column(_l("Version"), "version"),
        exported.Column(_l("In force from"), "from_day", "day"),
        exported.Column(_l("Last day of force"), lambda row: row.to_day and row.to_day - timedelta(days=1), "day"),
        exported.Column(_l("Lines"), "lines", "whole"),
        exported.Column(_l("Loaded"), "loaded_at", "moment"),
        exported.Column(_l("By"), "loaded_by"),
        exported.Column(_l("Withdrawn"), "withdrawn_at", "moment"),
    ),
)
POLICY_LINES: Listing[Any] = Listing(
    "policy-lines",
    _l("Warranty policy"),
    (
        exported.Column(_l("Line"), "line_no", "whole", 6),
        exported.Column(_l("Product category"), "category", width=16),
        exported.Column(_l("Part group"), lambda row: row.part_group or _("Whole unit"), width=18),
        exported.Column(_l("Months at home"), "home_months", "whole"),
        exported.Column(_l("Months in commercial use"), "commercial_months", "whole"),
        exported.Column(_l("Counts from"), lambda row: BASES[row.basis], width=24),
    ),
)
