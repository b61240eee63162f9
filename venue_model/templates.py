"""The only texts that screens and loudspeakers ever carry besides numbers and project names: nobody can say anything else (T16).

A message into a sealed room could be a bribe or a threat; a free text on a wall could be anybody's name (I9).  So both are lists.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Words = tuple[str, str]  # zh, en

# What a door sign may say of its room.  The scene book chooses among `VARIANTS`.
SIGN_WORDS: Mapping[str, Words] = {
    "preparation": ("开标准备", "Preparing"),
    "preparation-quiet": ("正在准备 请稍候", "Being prepared: please wait"),
    "check-in": ("签到中", "Check-in"),
    "check-in-documents": ("签到中 请备好证件", "Check-in: have your documents ready"),
    "opening": ("开标中", "Opening"),
    "opening-quiet": ("开标中 请保持安静", "Opening: quiet please"),
    "opening-end": ("开标结束", "Opening ended"),
    "opening-end-thanks": ("开标结束 请有序离场", "Opening ended: please leave in order"),
    "intake": ("专家进场", "Intake"),
    "evaluation": ("评标中 请勿进入", "Evaluation: do not enter"),
    "evaluation-quiet": ("评标中 请勿进入 请保持安静", "Evaluation: do not enter, quiet please"),
    "inquiry": ("询标中", "Inquiry"),
    "second-round": ("二次报价", "Second round"),
    "overnight": ("封闭 请勿进入", "Closed: do not enter"),
    "evaluation-end": ("评标结束", "Evaluation ended"),
    "failed": ("流标", "Failed tender"),
    "booked": ("已预约", "Booked"),
    "suspended": ("暂停", "Suspended"),
}

# Beside the word of a scene stands any wording of the same meaning, and no other: a sealed room never says that it is free.
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "preparation": ("preparation-quiet",),
    "check-in": ("check-in-documents",),
    "opening": ("opening-quiet",),
    "opening-end": ("opening-end-thanks",),
    "evaluation": ("evaluation-quiet",),
}


@dataclass(frozen=True, slots=True)
class Announcement:
    """One recording that a loudspeaker can play; its file has the id for its name."""

    zh: str
    en: str
    hall: bool = True  # also said in the public hall, for whoever waits there
    life_safety: bool = False  # the one kind that a room in which a committee sits may hear


ANNOUNCEMENTS: Mapping[str, Announcement] = {
    "test-tone": Announcement("(测试音)", "(test tone)", hall=False),
    "check-in": Announcement("签到已开始,请投标人凭证件签到。", "Check-in has begun. Bidders, please sign in."),
    "check-in-last": Announcement("签到即将截止,请尚未签到的投标人抓紧签到。", "Check-in is about to close."),
    "opening-end": Announcement("开标已结束,请有序离场,到候标区等候。", "The opening has ended. Please leave in order."),
    "second-round": Announcement("二次报价已开始,请投标人到开标室。", "The second round has begun. Bidders, please come in."),
    "failed": Announcement("本次招标流标,请有序离场。", "This tender has failed. Please leave in order."),
    "suspended": Announcement("开标暂停,请在原处等候工作人员通知。", "The opening is suspended. Please wait for the staff.", hall=False),
    "evacuation": Announcement("紧急疏散!请立即从最近的出口离开!", "Evacuate now by the nearest exit!", life_safety=True),
}

EVACUATION: Words = ("紧急疏散 请立即离开", "EVACUATE NOW")
LOCKED_DOWN: Words = ("临时封控", "Locked down")
TO_WAITING: Words = ("请到候标区等候", "Please go to the waiting area")
OFFLINE_MARK = " ※"  # on a sign whose board is alone: what it shows may be old
