"""What a person must see until it clears or somebody acknowledges it, as a function of the journal's lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS = ("alarm", "alarm_clear", "alarm_ack", "breach", "gap")

ALARM_WORDS = {
    "forced": ("门被强行打开", "door forced open"),
    "held": ("门未关闭", "door held open"),
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
}


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm; the same code at the same place is the same alarm, however often it is raised."""

    id: str
    code: str
    place: str
    room: str | None
    since_utc_ns: int

    @property
    def words(self) -> tuple[str, str]:
        """Chinese and English, with the place."""
        zh, en = ALARM_WORDS.get(self.code, (self.code, self.code))
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
    place = str(body.get("door") or body.get("device") or body.get("camera") or body.get("agent") or line["agent"])
    alarm = Alarm(f"{code}:{place}", code, place, line["room"], line["utc_ns"])
    if kind == "alarm_clear" or (kind == "gap" and body.get("to_utc_ns") is not None):
        return _without(alarms, alarm.id)
    return alarms if alarm.id in alarms else {**alarms, alarm.id: alarm}


def _without(alarms: Alarms, key: str) -> Alarms:
    return {k: v for k, v in alarms.items() if k != key} if key in alarms else alarms
