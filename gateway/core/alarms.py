"""What a person must see until it clears or somebody acknowledges it, as a function of the journal's lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS = ("alarm", "alarm_clear", "alarm_ack", "breach", "gap")
WATCHERS = ("supervisor", "witness")  # the accounts that watch over the tender
# Boards raise these about a person.  Staff's screen stands where that person, and whoever threatens them, can read it.
_FOR_WATCHERS = ("duress", "passback")

ALARM_WORDS = {
    "forced": ("门被强行打开", "door forced open"),
    "held": ("门未关闭", "door held open"),
    "passback": ("证件未登记离开又进入", "a pass entered again without having left"),
    "duress": ("胁迫求助", "somebody is under threat"),
    "interlock-broken": ("互锁门同时打开", "both doors of an interlocked pair are open"),
    "alone": ("双人房间只剩一人", "one person is alone where nobody may be"),
    "breach": ("封闭房间有人离开", "somebody left a sealed room"),
    "recording-gap": ("录像中断", "recording interrupted"),
    "wrong-attempts": ("连续多次刷卡失败", "repeated wrong attempts"),
    "bad-message": ("收到无效报文", "malformed message"),
    "unknown-room": ("平台预约了不存在的房间", "the platform booked an unknown room"),
    "late-room-change": ("平台换房过晚,未执行", "room change by the platform came too late"),
    "journal-hole": ("控制器日志缺行", "lines of a board's journal are missing"),
    "bad-line": ("控制器日志有坏行", "a line of a board's journal is damaged"),
    "older-database": ("数据库比门控旧,已重新清场并封闭", "the database is older than the doors: cleared and sealed anew"),
    "not-sealed": ("证据包封装失败", "package could not be sealed"),
    "locker-forced": ("储物柜被强行打开", "locker forced open"),
    "locker-open": ("储物柜未关", "locker left open"),
    "impossible-jump": ("同一人员在不可能的时间内出现在两处", "one person at two doors in an impossible time"),
    "two-places": ("同一人员同时出现在两处", "one person in two places"),
    "lingering": ("人员在通道滞留", "somebody lingers where people pass through"),
    "conflict": ("回避人员同在场内", "two people who must avoid each other are both here"),
    "curfew": ("已到宵禁时间,评标仍在进行", "an evaluation goes on past the curfew"),
    "watched": ("关注人员到场", "somebody on the watch list is here"),
    "avoidance": ("应当回避的人员同日到场", "two people of the avoidance list are here"),
    "quiet-waiting": ("安静告警 {place} 条,请监督人员查看", "a quiet alarm waits for a supervisor: {place}"),
    "webhook-off": ("数据推送已停用", "a webhook was switched off"),
    "platform-call": ("收到未通过验证的平台报文", "a call in the platform's name was refused"),
    "flapping": ("设备时好时坏,已隔离", "a device comes and goes and is in quarantine"),
    "rollout-failed": ("推送失败,正在退回", "a rollout failed and goes back"),
    "checkout-missing": ("未经工作人员确认离开开标区", "left the opening area without staff's confirmation"),
}


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm; the same code at the same place is the same alarm, however often it is raised."""

    id: str
    code: str
    place: str
    room: str | None
    since_utc_ns: int
    level: str = "alarm"
    audience: tuple[str, ...] = ()  # the account roles that may know of it; empty: all
    lot: str | None = None  # whose it is
    project: str | None = None
    person: str | None = None

    @property
    def words(self) -> tuple[str, str]:
        """Chinese and English, with the place."""
        zh, en = ALARM_WORDS.get(self.code, (self.code, self.code))
        if "{place}" in zh:
            return zh.format(place=self.place), en.format(place=self.place)
        return f"{zh} {self.place}", f"{en}: {self.place}"


Alarms = Mapping[str, Alarm]


def applied(alarms: Alarms, line: Mapping[str, Any]) -> Alarms:
    """The alarms after a journal line (`kind`, `body`, `agent`, `room`, `utc_ns`).

    A recording gap is an alarm while it lasts.  A breach stays until it is acknowledged: nothing undoes it.
    """
    kind, body = line["kind"], line["body"]
    if kind not in KINDS:
        return alarms
    if kind == "alarm_ack":
        return _without(alarms, str(body.get("id")))
    code = "recording-gap" if kind == "gap" else str(body.get("code", kind))
    place = str(body.get("place") or body.get("door") or body.get("device") or body.get("camera") or body.get("agent") or line["agent"])
    level = "warning" if body.get("level") == "warning" else "alarm"
    alarm = Alarm(
        f"{code}:{place}", code, place, line["room"], line["utc_ns"], level, audience(line), line.get("lot"),
        line.get("project"), line.get("person"),
    )  # fmt: skip
    if kind == "alarm_clear" or (kind == "gap" and body.get("to_utc_ns") is not None):
        return _without(alarms, alarm.id)
    return alarms if alarm.id in alarms else {**alarms, alarm.id: alarm}


def audience(line: Mapping[str, Any]) -> tuple[str, ...]:
    """The account roles that a line is for; empty: all.

    A board has no say in it beyond the code of its alarm, so that no board may hide anything from everybody.
    """
    body = line["body"]
    if line["kind"] in ("alarm", "alarm_clear") and body.get("code") in _FOR_WATCHERS:
        return WATCHERS
    roles = body.get("audience") if line["agent"] == "" else None
    return tuple(str(role) for role in roles) if isinstance(roles, list) else ()


def may_see(role: str, line: Mapping[str, Any]) -> bool:
    """May somebody with this account role know of this line?"""
    meant = audience(line)
    return not meant or role in meant


def _without(alarms: Alarms, key: str) -> Alarms:
    return {k: v for k, v in alarms.items() if k != key} if key in alarms else alarms
