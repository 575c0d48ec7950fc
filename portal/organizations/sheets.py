"""经销商名册: a brand's register of dealers, with credit limits and opening balances."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from portal.core.money import ZERO
from portal.core.tables import Column, Sheet, read_tables, understand
from portal.core.tables import cells as cell
from portal.core.tables.sheets import Reading
from portal.organizations.rules import DealerRow
from portal.web import sheets as exported
from portal.web.exports import Listing

DEALER_COLUMNS = (
    Column("code", ("经销商编号", "经销商编码", "经销商代码", "客户编号", "客户编码", "客户代码", "门店编号", "编号",
                    "代码", "dealer code", "dealer number", "dealer no", "code")),
    Column("name", ("经销商名称", "经销商", "客户名称", "门店名称", "单位名称", "公司名称", "名称", "dealer name",
                    "dealer", "name")),
    Column("city", ("城市", "所在城市", "所在地", "地区", "市", "city"), required=False),
    Column("contact", ("联系人", "负责人", "收货人", "联系人姓名", "contact", "contact person"), required=False),
    Column("phone", ("联系电话", "电话", "手机", "手机号", "联系方式", "phone", "telephone", "mobile"), required=False),
    Column("address", ("收货地址", "地址", "送货地址", "详细地址", "address", "delivery address"), required=False),
    Column("credit_limit", ("信用额度", "授信额度", "信用限额", "授信", "credit limit", "credit"), required=False),
    Column("opening_balance", ("期初预存款", "期初余额", "期初", "期初预收", "预存款余额", "期初预存", "opening balance",
                               "opening"), required=False),
)  # fmt: skip


DealerSheet = Sheet[DealerRow]


def read_dealers(data: bytes, filename: str) -> DealerSheet:
    """The register; a code that stands twice is a bad row. Raises TableRefused.

    Whether an opening figure differs from the one already booked is the loader's question: this knows the file alone.
    """
    return understand(read_tables(data, filename), DEALER_COLUMNS, _dealer, key=("code", lambda row: row.code.upper()))


def _dealer(reading: Reading) -> DealerRow:
    return DealerRow(
        row_no=reading.no,
        code=reading.need("code", cell.code, ""),
        name=reading.need("name", cell.text, ""),
        city=reading.take("city", cell.text, ""),
        contact=reading.take("contact", cell.text, ""),
        phone=reading.take("phone", cell.code, ""),
        address=reading.take("address", cell.text, ""),
        credit_limit=reading.take("credit_limit", cell.money, ZERO),
        opening_balance=reading.take("opening_balance", cell.money, None),
    )


# ------------------------------------------------------------------------------------------------ out


DEALERS: Listing[dict[str, Any]] = Listing(
    "dealers",
    _l("Dealers"),
    (
        exported.Column(_l("Dealer code"), lambda row: row["dealer"].code, width=12),
        exported.Column(_l("Dealer"), lambda row: row["dealer"].name, width=28),
        exported.Column(_l("City"), lambda row: row["dealer"].city),
        exported.Column(_l("Contact"), lambda row: row["dealer"].contact),
        exported.Column(_l("Phone"), lambda row: row["dealer"].phone),
        exported.Column(_l("Balance"), lambda row: row["account"] and row["account"].balance, "money"),
        exported.Column(_l("Credit limit"), lambda row: row["account"] and row["account"].credit_limit, "money"),
    ),
)
TERMS: Listing[dict[str, Any]] = Listing(
    "terms",
    _l("Terms"),
    (
        exported.Column(_l("Term"), lambda row: row["title"], width=26),
        exported.Column(_l("What it decides"), lambda row: row["words"], width=60),
        exported.Column(_l("In force"), lambda row: row["said"], width=16),
        exported.Column(_l("Default"), lambda row: row["default"], width=16),
        exported.Column(_l("Since"), lambda row: row["since"], "day"),
        exported.Column(_l("Set by"), lambda row: row["set_by"]),
        exported.Column(_l("Next"), lambda row: row["next"], width=16),
        exported.Column(_l("From"), lambda row: row["next_from"], "day"),
    ),
)
