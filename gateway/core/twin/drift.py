"""What is wrong with a twin, in one sentence, and what to do about it.  Pure: a function of the twin and the time."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.core.twin.twin import BOARD, DOOR, Reported, Twin
from venue_model.ids import BoardId
from venue_model.moments import S
from venue_model.venue import DeviceKind, Name
from venue_model.wire import ACCEPTED, APPLIED, INTERLOCK, STALE, UNSUPPORTED

DRIFT_S = 5  # a sign answers in 0.2 s, and what was lost is sent again after 0.4 to 2 s: who is otherwise after five stays so
CAMERA_S = 15  # a camera that must connect anew takes up to 10 s


class Wrong(StrEnum):
    """What is wrong, in the order in which it is seen to."""

    AWAY = "away"
    QUARANTINED = "quarantined"
    OFFLINE = "offline"
    SILENT = "silent"
    FAILED = "failed"
    SLOW = "slow"
    OVERRIDDEN = "overridden"
    DRIFTED = "drifted"
    OLDER = "older"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, since when, and the way out."""

    wrong: Wrong
    since_utc_ns: int
    name: Name
    remedy: Name


def find(twin: Twin, utc_ns: int) -> Finding | None:
    """The first thing to be seen to; None for a twin that is as it should be."""
    for look in (_away, _quarantined, _offline, _silent, _failed, _otherwise, _record):
        if (found := look(twin, utc_ns)) is not None:
            return found
    return None


def _away(twin: Twin, utc_ns: int) -> Finding | None:
    board = twin.board
    if twin.online is None and twin.board_online:
        remedy = Name("核对场地文件与该板配置,必要时推送配置", "compare the venue file with the board's record; roll it out if need be")
        return Finding(Wrong.UNKNOWN, 0, Name("控制器未报告此设备", "its board does not tell of it"), remedy)
    if twin.online is None:
        return Finding(Wrong.UNKNOWN, 0, Name("从未报到", "never heard of"), _see_board(board))
    if twin.board_online:
        return None
    s = _seconds(twin.online_utc_ns, utc_ns)
    return Finding(Wrong.AWAY, twin.online_utc_ns, Name(f"控制器离线 {s}", f"its board has been offline for {s}"), _see_board(board))


def _quarantined(twin: Twin, utc_ns: int) -> Finding | None:
    since = twin.quarantined_utc_ns
    if since is None:
        return None
    s = _seconds(since, utc_ns)
    zh = "时好时坏,已隔离" + (",不算在录" if twin.kind == DeviceKind.CAMERA else ",门仍按策略管控" if twin.kind == DOOR else "")
    name = Name(f"{zh} {s}", f"it comes and goes: in quarantine for {s}")
    remedy = Name("检查插头、供电和网线,修好后在此解除隔离", "check plug, supply and cable; when mended, release it here")
    return Finding(Wrong.QUARANTINED, since, name, remedy)


def _offline(twin: Twin, utc_ns: int) -> Finding | None:
    if twin.online:
        return None
    s, text = _seconds(twin.online_utc_ns, utc_ns), twin.reported.text if twin.reported else ""
    name = Name(f"设备离线 {s} {text}".strip(), f"offline for {s} {text}".strip())
    return Finding(Wrong.OFFLINE, twin.online_utc_ns, name, _see_device(twin))


def _silent(twin: Twin, utc_ns: int) -> Finding | None:
    """What it should be was said, and its board has not confirmed it."""
    wanted = twin.desired
    if wanted is None or twin.held >= wanted.generation or not _late(wanted.since_utc_ns, utc_ns, DRIFT_S):
        return None
    s = _seconds(wanted.since_utc_ns, utc_ns)
    return Finding(Wrong.SILENT, wanted.since_utc_ns, Name(f"无应答 {s}", f"no answer for {s}"), _see_board(twin.board))


def _failed(twin: Twin, utc_ns: int) -> Finding | None:
    told = twin.reported
    if told is None or told.code == APPLIED or told.overridden:
        return None
    if told.code == ACCEPTED:
        limit_s = CAMERA_S if twin.kind == DeviceKind.CAMERA else DRIFT_S
        if not _late(told.since_utc_ns, utc_ns, limit_s):
            return None
        s = _seconds(told.since_utc_ns, utc_ns)
        return Finding(Wrong.SLOW, told.since_utc_ns, Name(f"执行 {s} 未完成", f"at it for {s} and not done"), _see_device(twin))
    name = Name(f"故障 {told.code} {told.text}".strip(), f"fault {told.code} {told.text}".strip())
    return Finding(Wrong.FAILED, told.since_utc_ns, name, _mend(twin, told))


def _otherwise(twin: Twin, utc_ns: int) -> Finding | None:
    told, wanted = twin.reported, twin.desired
    if told is None:
        return None
    if told.overridden:
        s = _seconds(told.since_utc_ns, utc_ns)
        remedy = Name("到现场拨回自动,或在单设备控制中交还", "switch it back on the spot, or give it back to the scene")
        return Finding(Wrong.OVERRIDDEN, told.since_utc_ns, Name(f"现场手动 {s}", f"switched by hand for {s}"), remedy)
    since = max(told.since_utc_ns, wanted.since_utc_ns) if wanted else 0
    if twin.kind in (BOARD, DOOR) or wanted is None or not told.value or told.value == wanted.value or not _late(since, utc_ns, DRIFT_S):
        return None
    name = Name(f"应为 {wanted.value},实为 {told.value}", f"should be {wanted.value}, is {told.value}")
    return Finding(Wrong.DRIFTED, since, name, _see_device(twin))


def _record(twin: Twin, utc_ns: int) -> Finding | None:
    if twin.kind != BOARD or not twin.record:
        return None
    name = Name(f"与网关不一致: {twin.record}", f"not what the gateway has for it: {twin.record}")
    remedy = Name("推送配置,或到现场重新拷贝配置文件", "roll the configuration out, or copy its folder to the board again")
    return Finding(Wrong.OLDER, twin.online_utc_ns, name, remedy)


def _mend(twin: Twin, told: Reported) -> Name:
    if told.code == UNSUPPORTED:
        return Name("核对场地文件与该板配置", "compare the venue file with the board's record")
    if told.code == INTERLOCK:
        return Name("先满足联锁条件,再按一次场景", "satisfy the interlock, then press the scene again")
    if told.code == STALE:
        return Name("等待下一次下发;持续出现请重启网关", "wait for the next order; if it stays, restart the gateway")
    return _see_device(twin)


def _see_board(board: BoardId) -> Name:
    return Name(f"查看控制器 {board} 的电源和网线", f"look at power and cable of board {board}")


def _see_device(twin: Twin) -> Name:
    id, board = twin.id, twin.board
    return Name(f"查看 {id} 的供电和到控制器 {board} 的接线", f"look at the supply of {id} and its wires to board {board}")


def _late(since_utc_ns: int, utc_ns: int, limit_s: int) -> bool:
    return utc_ns - since_utc_ns > limit_s * S


def _seconds(since_utc_ns: int, utc_ns: int) -> str:
    """How long, as people say it.

    >>> _seconds(0, 12 * S), _seconds(0, 300 * S), _seconds(0, 7300 * S)
    ('12 s', '5 min', '2 h')
    """
    s = max(0, utc_ns - since_utc_ns) // S
    return f"{s} s" if s < 120 else f"{s // 60} min" if s < 7200 else f"{s // 3600} h"
