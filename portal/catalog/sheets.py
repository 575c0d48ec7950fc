"""零部件价格表, 故障代码: a brand's price lists and fault codes, as they come (R10, R11, R15); and the lists of the catalogue, out."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.catalog.labels import MOVES, UPLOAD_STATES
from portal.catalog.queries import FoundPart
from portal.catalog.rules import Change, FaultRow, PriceRow
from portal.core.money import ZERO
from portal.core.tables import Cell, Column, Sheet, read_tables, understand
from portal.core.tables import cells as cell
from portal.core.tables.sheets import Reading
from portal.web import sheets as exported
from portal.web.exports import Listing

PRICE_COLUMNS = (
    Column("number", ("配件编码", "配件编号", "零件编码", "零件号", "配件号", "物料号", "物料编码", "物料编号", "编码",
                      "部件编码", "料号", "part number", "part no", "part code", "item number", "sku")),
    Column("name", ("配件名称", "零件名称", "零部件名称", "物料名称", "部件名称", "品名", "名称", "part name", "name",
                    "description", "item")),
    Column("dealer_price", ("成本价", "成本价格", "经销价", "经销商价", "经销商价格", "结算价", "结算价格", "供货价",
                            "进货价", "出厂价", "dealer price", "cost price", "cost", "net price")),
    Column("out_price", ("保外价", "保外价格", "保外售价", "保外单价", "保外销售价", "保外零售价",
                         "out of warranty price", "out-of-warranty price", "retail price")),
    Column("spec", ("规格型号", "规格", "型号规格", "规格参数", "spec", "specification"), required=False),
    Column("group", ("配件类别", "配件分类", "零件类别", "物料类别", "物料分类", "部件类别", "类别", "part group",
                     "group"), required=False),
    Column("category", ("品类", "产品类别", "产品品类", "产品分类", "product category", "category"), required=False),
    Column("models", ("适用产品型号", "适用型号", "适用机型", "适用产品", "适用系列", "适配型号", "models", "fits",
                      "applicable models"), required=False),
    Column("unit", ("单位", "计量单位", "unit", "uom"), required=False),
    Column("must_return", ("旧件回收", "旧件是否回收", "是否回收", "是否返旧", "是否返回旧件", "旧件返回", "返旧",
                           "return old part", "old part return", "must return"), required=False),
    Column("remark", ("备注", "说明", "remark", "remarks", "note"), required=False),
)  # fmt: skip

FAULT_COLUMNS = (
    Column("code", ("故障代码", "故障编码", "故障编号", "代码", "编码", "编号", "fault code", "code")),
    Column("name", ("故障现象", "故障名称", "故障描述", "故障说明", "现象", "名称", "描述", "fault", "symptom", "name",
                    "description")),
    Column("category", ("品类", "产品类别", "产品品类", "适用品类", "产品分类", "类别", "product category", "category"),
           required=False),
)  # fmt: skip

ALL_MODELS = frozenset({"通用", "全部", "全系列", "所有型号", "all", "any"})
_BETWEEN_MODELS = re.compile(r"[、,，;；\n|]+")


PriceListSheet = Sheet[PriceRow]
FaultSheet = Sheet[FaultRow]


def read_prices(data: bytes, filename: str, *, first_day: date | None = None) -> PriceListSheet:
    """A price list with its first day of force: ``first_day`` when given, else the file's own (neither: a problem, R15).

    Raises TableRefused when the file cannot be read or lacks a heading. A part number that stands twice is a bad row, so
    is a price of nothing; an out-of-warranty price below the dealer price is a warning.
    """
    return understand(
        read_tables(data, filename),
        PRICE_COLUMNS,
        _price,
        key=("number", lambda row: row.number.upper()),
        first_day=first_day,
        dated=True,
    )


def read_faults(data: bytes, filename: str) -> FaultSheet:
    """The fault codes; a code that stands twice is a bad row. Raises TableRefused."""
    return understand(read_tables(data, filename), FAULT_COLUMNS, _fault, key=("code", lambda row: row.code.upper()))


def _price(reading: Reading) -> PriceRow:
    row = PriceRow(
        row_no=reading.no,
        number=reading.need("number", cell.code, ""),
        name=reading.need("name", cell.text, ""),
        spec=reading.take("spec", cell.text, ""),
        group=reading.take("group", cell.text, None),
        models=reading.take("models", _models, ()),
        unit=reading.take("unit", cell.text, ""),
        dealer_price=reading.need("dealer_price", cell.money, ZERO),
        out_price=reading.need("out_price", cell.money, ZERO),
        must_return=cell.yes(reading.cell("must_return")),
        remark=reading.take("remark", cell.text, ""),
        category=reading.take("category", cell.text, reading.section),
    )
    if reading.problems:
        return row
    for name, price in (("dealer_price", row.dealer_price), ("out_price", row.out_price)):
        if price == 0:
            reading.refuse(name, "price-zero")
    if row.out_price < row.dealer_price:
        reading.warn("out_price", "price-below-dealer-price", out=row.out_price, dealer=row.dealer_price)
    if not cell.yes(said := reading.cell("must_return")) and not cell.no(said):
        reading.warn("must_return", "return-unclear", value=cell.shown(said))
    return row


def _models(raw: Cell) -> tuple[str, ...]:
    """'LQ-S9 Pro、LQ-X3' as its models, each once, in their order; empty for 通用."""
    # Line breaks part models too, and ``code`` would make spaces of them.
    listed = raw if isinstance(raw, str) else cell.code(raw)
    models = [cell.code(model) for model in _BETWEEN_MODELS.split(listed) if model.strip()]
    return tuple(dict.fromkeys(model for model in models if model.lower() not in ALL_MODELS))


def _fault(reading: Reading) -> FaultRow:
    return FaultRow(
        row_no=reading.no,
        code=reading.need("code", cell.code, ""),
        name=reading.need("name", cell.text, ""),
        category=reading.take("category", cell.text, reading.section),
    )


# ------------------------------------------------------------------------------------------------ out


PARTS: Listing[FoundPart] = Listing(
    "parts",
    _l("Parts list"),
    (
        exported.Column(_l("Part number"), "number", width=14),
        exported.Column(_l("Part name"), "name", width=24),
        exported.Column(_l("Specification"), "spec"),
        exported.Column(_l("Part group"), "part_group"),
        exported.Column(_l("Product category"), "category"),
        exported.Column(_l("Fits models"), lambda row: _(", ").join(row.models), width=30),
        exported.Column(_l("Unit"), "unit", width=8),
        exported.Column(_l("Dealer price"), "dealer_price", "money"),
        exported.Column(_l("Out-of-warranty price"), "out_price", "money"),
        exported.Column(_l("Old part must come back"), lambda row: _("yes") if row.must_return else None, width=10),
    ),
)
PRICE_LISTS: Listing[Any] = Listing(
    "price-lists",
    _l("Price lists"),
    (
        exported.Column(_l("Version"), "version"),
        exported.Column(_l("Title"), "title", width=30),
        exported.Column(_l("In force from"), "from_day", "day"),
        exported.Column(_l("Last day of force"), lambda row: row.to_day and row.to_day - timedelta(days=1), "day"),
        exported.Column(_l("Parts"), "parts", "whole"),
        exported.Column(_l("Loaded"), "loaded_at", "moment"),
        exported.Column(_l("By"), "loaded_by"),
        exported.Column(_l("Withdrawn"), "withdrawn_at", "moment"),
    ),
)
PRICES: Listing[Any] = Listing(
    "prices",
    _l("Price list"),
    (
        exported.Column(_l("Part number"), "number", width=14),
        exported.Column(_l("Part name"), "name", width=24),
        exported.Column(_l("Specification"), "spec"),
        exported.Column(_l("Part group"), "part_group"),
        exported.Column(_l("Unit"), "unit", width=8),
        exported.Column(_l("Dealer price"), "dealer_price", "money"),
        exported.Column(_l("Out-of-warranty price"), "out_price", "money"),
    ),
)
CHANGES: Listing[Change] = Listing(
    "price-changes",
    _l("Price list compared"),
    (
        exported.Column(_l("Part number"), "number", width=14),
        exported.Column(_l("Part name"), "name", width=24),
        exported.Column(_l("Change"), lambda row: MOVES[row.move][0], width=10),
        exported.Column(_l("Dealer price before"), "dealer_before", "money"),
        exported.Column(_l("Dealer price"), "dealer_after", "money"),
        exported.Column(_l("Out-of-warranty price before"), "out_before", "money"),
        exported.Column(_l("Out-of-warranty price"), "out_after", "money"),
    ),
)
UPLOADS: Listing[Any] = Listing(
    "imports",
    _l("Loaded files"),
    (
        exported.Column(_l("File"), "filename", width=34),
        exported.Column(_l("Kind"), "kind"),
        exported.Column(_l("State"), lambda row: UPLOAD_STATES["done" if row.done_at else "waiting" if row.waiting else "dropped"][0], width=14),
        exported.Column(_l("First day of force"), "first_day", "day"),
        exported.Column(_l("Rows"), lambda row: row.summary.get("rows"), "whole"),
        exported.Column(_l("Uploaded"), "uploaded_at", "moment"),
        exported.Column(_l("By"), "uploaded_by"),
        exported.Column(_l("Loaded"), "done_at", "moment"),
    ),
)  # fmt: skip
