"""Who and what the demo is full of: people, carriers, and the sentences they write. All of it invented."""

from __future__ import annotations

from dataclasses import dataclass

from portal.claims.rules import Code
from portal.identity.roles import Role

PASSWORD = "demo-portal-2026"  # noqa: S105 - everybody's in the demo, printed when it has been played


@dataclass(frozen=True, slots=True)
class Staff:
    """One place at headquarters: ``login`` follows the brand's code and a dash."""

    login: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Cast:
    """A brand of the demo: what it is called, who works at its headquarters, which files it keeps."""

    code: str
    name: str
    name_en: str
    hotline: str
    staff: tuple[Staff, ...]
    prices: str
    next_prices: str | None
    dealers: str
    products: str
    policy: str
    faults: str
    seed: str = ""  # what the dice begin with, the code unless given
    stem: str = ""  # what the logins of its dealers begin with


LANQUAN = Cast(
    "lanquan", "澜泉卫浴", "Lanquan Bathroom", "400-820-5566",
    (
        Staff("clerk", "林晓燕", Role.HQ_CLERK),
        Staff("clerk2", "周琳", Role.HQ_CLERK),
        Staff("manager", "韩建国", Role.HQ_MANAGER),
        Staff("warehouse", "沈立", Role.HQ_WAREHOUSE),
        Staff("finance", "何敏", Role.HQ_FINANCE),
        Staff("finance2", "吴琴", Role.HQ_FINANCE),
        Staff("finance-manager", "郑国强", Role.HQ_FINANCE_MANAGER),
        Staff("admin", "陆远", Role.HQ_ADMIN),
        Staff("auditor", "方宁", Role.HQ_AUDITOR),
    ),
    prices="price-list-2026H2.xlsx", next_prices="price-list-2027H1.xlsx", dealers="dealers.xlsx",
    products="registered-products.csv", policy="warranty-policy.csv", faults="fault-codes.csv",
)  # fmt: skip
MUYU = Cast(
    "muyu", "木语家居", "Muyu Furniture", "400-700-1818",
    (
        Staff("clerk", "苏婉", Role.HQ_CLERK),
        Staff("clerk2", "石磊", Role.HQ_CLERK),
        Staff("manager", "罗永康", Role.HQ_MANAGER),
        Staff("warehouse", "马骏", Role.HQ_WAREHOUSE),
        Staff("finance", "钱慧", Role.HQ_FINANCE),
        Staff("finance2", "孙倩", Role.HQ_FINANCE),
        Staff("finance-manager", "唐志远", Role.HQ_FINANCE_MANAGER),
        Staff("admin", "袁野", Role.HQ_ADMIN),
        Staff("auditor", "曹清", Role.HQ_AUDITOR),
    ),
    prices="muyu-price-list.csv", next_prices=None, dealers="muyu-dealers.xlsx",
    products="muyu-registered-products.csv", policy="muyu-warranty-policy.csv", faults="muyu-fault-codes.csv",
)  # fmt: skip
CASTS = (LANQUAN, MUYU)

# Logins with several places: (login, name, [(brand, dealer or None, role)]). The first is an auditor of both brands and
# arrives last of all: whether it is there says whether the demo was played to its end.
LAST_TO_ARRIVE = "group-auditor"
MANY_PLACES: tuple[tuple[str, str, tuple[tuple[str, str | None, Role], ...]], ...] = (
    (LAST_TO_ARRIVE, "叶知秋", (("lanquan", None, Role.HQ_AUDITOR), ("muyu", None, Role.HQ_AUDITOR))),
    (
        "chain-boss", "江海涛",
        (
            ("lanquan", "D002", Role.DEALER_MANAGER),
            ("lanquan", "D003", Role.DEALER_MANAGER),
            ("muyu", "M001", Role.DEALER_MANAGER),
        ),
    ),
)  # fmt: skip

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林郭罗梁宋郑谢韩唐冯于董萧程曹"
GIVEN_F = ("晓梅", "丽娟", "雅琴", "小芳", "静怡", "玉兰", "思雨", "慧敏", "佳琪", "春燕", "雪莹", "文静")
GIVEN_M = ("建军", "志强", "海波", "伟东", "永明", "国庆", "俊杰", "立新", "大勇", "子豪", "文斌", "少华")

CARRIERS = (("德邦快递", "DPK"), ("顺丰速运", "SF"), ("中通快运", "ZT"), ("安能物流", "AN"))
BANKS = ("ICBC", "CCB", "ABC", "BOC")

ORDER_NOTES = ("", "", "", "请尽快安排发货", "与上批一起发亦可", "仓库周末不收货", "请注意颜色", "老客户急用")
SEND_BACK_REASONS = ("颜色与产品不符，请核对后重新提交", "数量过大，请按实际用量申请", "收货地址不完整，请补充")
REJECT_REASONS = ("该型号已停产，配件不再供应", "同一产品本月已申请过，重复申请", "请先处理逾期账款")
DISPUTE_REASONS = ("运费偏高，请改走物流", "交期太晚，请提前发货", "第1行数量与申请不符，请核对")
LAPSED_REASON = "报价已过有效期，请重新报价"
CANCEL_REASONS = ("客户改约，暂不需要", "已从其他门店调货", "重复下单", "客户退单")
HQ_CANCEL_REASONS = ("经销商来电要求取消", "配件停产，无法供货，全额退回")
LOWERED_REASONS = ("批量优惠", "外包装破损，按九五折供货", "促销期价格")
QUOTE_NOTES = ("", "", "", "部分配件从分仓发出", "节后第一批发货")
SHORT_NOTES = ("外箱破损，有缺件", "清点少件，已拍照", "运输中磕碰，有损坏")
TOPUP_NOTES = ("", "", "预存货款", "季度货款")
WRONG_TOPUP = "金额录错，冲正后重录"

REPAIR_NOTES = ("", "", "用户在场确认", "更换后试机正常", "已向用户讲解使用方法", "第二次上门")
WANT_OLD_PART = ("照片看不清铭牌，请补拍", "请补充故障部位近照", "请说明更换原因")
ANSWER_OLD_PART = ("已补拍铭牌照片", "已补充近照，见新照片", "通电后无反应，拆下检测为内部断路")
REFUSE_OLD_PART = ("照片所示为人为磕碰，不属质量问题", "旧件与登记配件不符", "故障与现象不符，检测正常")
WITHDRAW_REASONS = ("登记错了配件，重新登记", "用户要求退换整机，未更换", "序列号录错")
CLAIM_NOTES = ("", "", "本月第一批", "补报上旬工单", "含节日期间工单")
REFUSE_LINES = (
    (Code.CDR, "照片所示为外力磕碰，不属保修范围"),
    (Code.NDF, "旧件检测正常，未发现所报故障"),
    (Code.RDR, "安装不当造成，由服务中心承担"),
    (Code.RDP, "维修说明与产品型号不符"),
)
CUT_LINES = (
    (Code.EPC, "按同类配件均价核定"),
    (Code.PWA, "包装损坏由服务中心承担一部分"),
    (Code.AC, "按双方约定单价核减"),
)
CUT_PIECES = (Code.PNP, "一次维修只需一件，其余退回库存")
WANT_LINES = ("请补充上门维修记录单", "请说明为何短期内再次更换", "请补充用户签字页")
ANSWER_LINES = ("维修记录单已补拍上传", "首次更换后仍漏水，判断为批次问题，已再次更换", "签字页已补充")
EXCLUDE_REASON = "等待厂家鉴定结果，移至下月"
SETTLEMENT_BACK = "请核对移出行后重新制单"

FEE_ITEMS = (
    ("上门检测费", "次", 30, 60, "市区15公里以内"),
    ("维修工时费", "小时", 60, 120, "不足一小时按一小时计"),
    ("安装费", "件", 80, 200, "含调试"),
    ("拆旧清运费", "件", 40, 100, "含垃圾清运"),
    ("远程交通费", "公里", 2, 4, "超出15公里部分"),
    ("夜间加急费", "次", 50, 100, "20:00 以后"),
)
FEE_BACK = "远程交通费高于周边，请说明依据"
FEE_REFUSED = "安装费与保修卡标准冲突，不予批准"
FEE_NOTES = ("", "按本地行情制定", "随油价调整")
