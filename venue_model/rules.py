"""The reasons a door gives for a refusal: stable codes for journal, tests and platform, and what the person is told.

I-numbers are the invariants of the domain brief 1.5 and `docs/laws.md`.  The texts never say who is inside or whose lot it is (I9).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason: `because` for staff, `zh`/`en` for the person at the door."""

    code: str
    because: str
    zh: str
    en: str


_ASK = ("请联系工作人员", "please ask the staff")

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        Rule("I1", "this group is never admitted to this zone", "此区域不对您开放", "this area is not open to you"),
        Rule("I2", "the pass is bound to another room", "您的房间不在这里", "your room is not here"),
        Rule("I3", "the entry window after authorisation has closed", "已超过进场时限,请重新授权", "too late; be authorised again"),
        Rule("I4", "the pass has already entered, and re-entry is not allowed", "离场后不得再次进入", "no re-entry"),
        Rule("I5", "the phone is not in a closed locker bound to this person", "请先存放手机", "lock your phone away first"),
        Rule("I8", "the room is sealed until the report is signed", "评标中 请勿进入", "evaluation in progress"),
        Rule("CLEAR", "the room is being cleared: nobody enters", "暂不开放,请稍候", "closed for the moment"),
        Rule("LEASE", "the door is alone and its policy has expired", *_ASK),
        Rule("LOCKDOWN", "lockdown: nobody enters", "临时封控,请听从工作人员安排", "locked down; follow the staff"),
        Rule("PHASE", "this group is not admitted in this phase", "现在不是进场时间", "not the time to enter"),
        Rule("PASS-UNKNOWN", "no such pass today", "证件未登记", "pass not registered"),
        Rule("PASS-EARLY", "the pass is not valid yet", "未到进场时间", "not yet time"),
        Rule("PASS-EXPIRED", "the pass is no longer valid", "证件已过期", "pass expired"),
        Rule("APB", "the pass was seen to enter, and not to leave", "证件未登记离开,请联系工作人员", "not seen to leave; ask the staff"),
        Rule("APB-AREA", "the pass was not seen to enter the area before this door", "请从规定入口进入", "come by the proper way in"),
        Rule("FULL", "as many people are inside as may be", "人数已满,请稍候", "full; please wait"),
        Rule("ESCORT", "the pass is good only beside an escort", "请陪同人员刷卡", "escort, please badge too"),
        Rule("PAIR", "nobody enters this empty room alone", "请第二人刷卡", "second person, please badge too"),
        Rule("INTERLOCK", "the other door of the pair is not shut and locked", "请等另一扇门关好", "wait for the other door to shut"),
        Rule("QR-FORM", "the QR text is no badge of this system", "二维码无效", "invalid QR code"),
        Rule("QR-DOOR", "the QR badge was made for another door", "二维码不属于此门", "QR code of another door"),
        Rule("QR-STALE", "the QR badge answers an old challenge", "二维码已过期,请重新扫码", "QR code expired; scan again"),
        Rule("QR-REPLAY", "this QR badge was used before", "二维码已使用", "QR code already used"),
        Rule("QR-SIGNATURE", "the QR badge's signature is wrong", "二维码无效", "invalid QR code"),
        Rule("FIRE", "fire release is active: nobody is let in", "紧急疏散", "evacuation"),
        Rule("RECORD", "the door cannot keep its records: nobody is let in", *_ASK),
        Rule("DOOR", "this reader leads nowhere that needs a pass", *_ASK),
    )
}
