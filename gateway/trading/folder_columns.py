"""The columns of the tables that staff drop: Chinese first, the interface's field name beside it, and what a cell may hold."""

from dataclasses import dataclass

from gateway.trading.base import EventKind
from gateway.trading.fields import PLATFORM_ROLES
from venue_model.groups import ROLE_NAMES, Role


@dataclass(frozen=True, slots=True)
class Column:
    """One column.  `example` stands in the template."""

    field: str
    zh: str
    what: str  # what a cell may hold, Chinese and English
    example: str
    needed: bool = False  # in every lot


# Of the lot: in its first row; below it blank, or the same again.
LOT_COLUMNS = (
    Column("TENDER_PROJECT_CODE", "招标项目编号", "编号 code", "E5000002027000001", needed=True),
    Column("PROJECT_NAME", "项目名称", "文字 text", "县人民医院门诊楼改造工程", needed=True),
    Column("BID_SECTION_CODE", "标段编号", "编号,每一行都要写 code, in every row", "E5000002027000001001", needed=True),
    Column("BID_SECTION_NAME", "标段名称", "文字 text", "一标段", needed=True),
    Column("BID_OPENING_TIME", "开标时间", "北京时间 Beijing time", "2027-01-15 16:00", needed=True),
    Column("OPENING_ROOM", "开标室", "本场地的房间名或编号 a room of this venue", "o1"),
    Column("EVALUATION_ROOM", "评标室", "本场地的房间名或编号 a room of this venue", "e1"),
    Column("PROJECT_CODE", "投资项目代码", "编号 code", "2412-500000-04-01-123456"),
    Column("UNIFIED_DEAL_CODE", "统一交易标识码", "编号 code", ""),
    Column("AGENCY_CREDIT_CODE", "代理机构信用代码", "18 位 18 characters", ""),
    Column("TENDERER_CREDIT_CODE", "招标人信用代码", "18 位 18 characters", ""),
    Column("BIDDER_COUNT", "投标人数", "整数 number", ""),
)
# Of a person: one row for each.
PERSON_COLUMNS = (
    Column("PERSON_KEY", "人员编号", "代号,不写姓名 a pseudonym, never a name", "exp-0001"),
    Column("ROLE", "身份", "、".join(ROLE_NAMES[role][0] for role in ROLE_NAMES if role in PLATFORM_ROLES), "评标专家"),
    Column("CARD_NO", "证卡号", "8 至 16 位十六进制,文本格式 8 to 16 hex digits, as text", "04A1B2C3"),
    Column("PHONE_KEY", "手机公钥", "64 位十六进制 64 hex digits", ""),
    Column("VALID_FROM", "生效时间", "北京时间 Beijing time", "2027-01-15 08:00"),
    Column("VALID_UNTIL", "失效时间", "北京时间 Beijing time", "2027-01-16 08:00"),
    Column("WITHDRAWN", "已退出", "是/否 yes/no", ""),
    Column("SEAT_ROOM", "席位", "分散席位时:房间 a room, where committees sit dispersed", ""),
    Column("DURESS_CARD_NO", "胁迫卡号", "同证卡号 as the card", ""),
    Column("AVOIDS", "回避", "人员编号,多个用分号 person keys, with semicolons", ""),
)
EVENT_COLUMNS = (
    Column("EVENT_ID", "事件编号", "不重复的编号 never used twice", "2027-0001", needed=True),
    Column("TENDER_PROJECT_CODE", "招标项目编号", "编号 code", "E5000002027000001", needed=True),
    Column("BID_SECTION_CODE", "标段编号", "编号 code", "E5000002027000001001", needed=True),
    Column("EVENT_TYPE", "事件", "报告已签署、退出、投标人数、名单变更、流标、暂停、终止", "报告已签署", needed=True),
    Column("EVENT_TIME", "时间", "北京时间 Beijing time", "2027-01-15 18:30", needed=True),
    Column("BIDDER_COUNT", "投标人数", "整数 number", ""),
    Column("PERSON_KEY", "人员编号", "退出的人员 who withdrew", ""),
)
TABLES = {"项目模板": (*LOT_COLUMNS, *PERSON_COLUMNS), "事件模板": EVENT_COLUMNS}

ROLE_WORDS: dict[str, Role] = {
    **{words[0]: role for role, words in ROLE_NAMES.items() if role in PLATFORM_ROLES},
    **{role.value: role for role in ROLE_NAMES if role in PLATFORM_ROLES},
    "专家": Role.EXP, "业主代表": Role.OWN_C, "供应商": Role.BID, "采购人": Role.OWN, "代理": Role.AGT, "监督": Role.SUP, "见证": Role.WIT,
}  # fmt: skip
EVENT_WORDS: dict[str, EventKind] = {
    "报告已签署": EventKind.REPORT_SIGNED, "退出": EventKind.WITHDRAWN, "投标人数": EventKind.BIDDER_COUNT, "名单变更": EventKind.ROSTER,
    "流标": EventKind.FAILED, "暂停": EventKind.SUSPENDED, "终止": EventKind.ABORTED,
    **{kind.value.upper(): kind for kind in EventKind},
}  # fmt: skip
YES, NO = frozenset({"是", "1", "Y", "YES", "TRUE"}), frozenset({"", "否", "0", "N", "NO", "FALSE"})


def lines_of(columns: tuple[Column, ...]) -> list[list[str]]:
    """A template: the header, what each column may hold, an example.  The latter two begin with # and are never read."""
    notes = [f"{column.what}{'(必填 needed)' if column.needed else ''}" for column in columns]
    examples = [column.example for column in columns]
    notes[0], examples[0] = f"# {notes[0]}", f"# 例 {examples[0]}"
    return [[column.zh for column in columns], notes, examples]
