"""Is the venue well?  One answer for a machine, and for a person one sentence for each part, with what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from venue_model.moments import S
from venue_model.venue import Name

Level = Literal["ok", "warn", "fail"]
DISK_WARN, DISK_FAIL = 0.15, 0.03  # of the disk that is free: days ahead, and before the database stops
STEP_NS = 2 * S  # a wall clock that has jumped further than this against the monotonic one
LAG_WARN_MS, LAG_FAIL_MS = 250, 5_000  # a press is answered within 300 ms; leases are renewed every 20 s


@dataclass(frozen=True, slots=True)
class Disk:
    """One file system that the gateway writes to."""

    what: Name
    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found when somebody asked."""

    broker_up: bool
    database_error: str
    disks: tuple[Disk, ...]
    platform: Literal["none", "ok", "away"]
    platform_waiting: int
    platform_dead: int
    boards: int
    boards_away: tuple[Name, ...]
    gaps: tuple[Name, ...]  # cameras that do not record though they should
    clock_jump_ns: int
    loop_lag_ms: int
    webhooks_off: int


@dataclass(frozen=True, slots=True)
class Part:
    """How one part is, and what somebody should do."""

    name: str
    level: Level
    said: Name
    remedy: Name


_NOTHING = Name("", "")


def health(looked: Looked) -> tuple[Part, ...]:
    """All parts, always in the same order."""
    return (
        _broker(looked), _database(looked), _disk(looked), _platform(looked), _agents(looked), _recorder(looked), _clock(looked),
        _loop(looked), _webhooks(looked),
    )  # fmt: skip


def worst(parts: Sequence[Part]) -> Level:
    """`fail` means: the venue cannot run a tender as it is; `warn`: it can, and somebody should look."""
    levels = {part.level for part in parts}
    return "fail" if "fail" in levels else "warn" if "warn" in levels else "ok"


def _broker(looked: Looked) -> Part:
    if looked.broker_up:
        return Part("broker", "ok", Name("消息服务正常", "The broker answers."), _NOTHING)
    return Part(
        "broker", "fail", Name("消息服务断开:场景到不了设备,门按最后的授权运行", "The broker is away: no scene reaches a device."),
        Name("检查网关日志中 broker 一行和网线;门最多再放行一个租期", "Look for `broker` in the gateway's log, and at the cable."),
    )  # fmt: skip


def _database(looked: Looked) -> Part:
    if not looked.database_error:
        return Part("database", "ok", Name("数据库可读写", "The database reads and writes."), _NOTHING)
    return Part(
        "database", "fail", Name(f"数据库不可写:{looked.database_error}", f"The database takes nothing: {looked.database_error}."),
        Name("腾出或更换磁盘;恢复见 docs/operations.md", "Free the disk or replace it; docs/operations.md tells how to restore."),
    )  # fmt: skip


def _disk(looked: Looked) -> Part:
    tight = min(looked.disks, key=lambda disk: disk.free_bytes / max(disk.total_bytes, 1), default=None)
    if tight is None:
        return Part("disk", "ok", Name("磁盘正常", "The disks are well."), _NOTHING)
    share = tight.free_bytes / max(tight.total_bytes, 1)
    level: Level = "fail" if share < DISK_FAIL else "warn" if share < DISK_WARN else "ok"
    gb = tight.free_bytes / 1e9
    said = Name(
        f"{tight.what.zh}剩余 {gb:.1f} GB({share:.0%})", f"{tight.what.en}: {gb:.1f} GB free ({share:.0%})."
    )
    remedy = Name("移走已封装的旧项目,或换大磁盘", "Move sealed old projects away, or fit a larger disk.")
    return Part("disk", level, said, _NOTHING if level == "ok" else remedy)


def _platform(looked: Looked) -> Part:
    waiting = Name(f"待报送 {looked.platform_waiting} 条", f"{looked.platform_waiting} items wait")
    if looked.platform == "none":
        return Part("platform", "ok", Name("未配置交易平台", "No trading platform is configured."), _NOTHING)
    if looked.platform == "away":
        return Part(
            "platform", "warn", Name(f"平台不可达,{waiting.zh};场地照常", f"The platform is away, {waiting.en}; the venue goes on."),
            Name("联系平台;恢复后自动补报", "Call the platform; what waits is sent by itself."),
        )  # fmt: skip
    if looked.platform_dead:
        return Part(
            "platform", "warn", Name(f"平台拒收 {looked.platform_dead} 条", f"The platform refused {looked.platform_dead} items."),
            Name("查看死信,改正后重发", "Look at the dead letters, mend the cause, send again."),
        )  # fmt: skip
    return Part("platform", "ok", Name(f"交易平台正常,{waiting.zh}", f"The platform answers, {waiting.en}."), _NOTHING)


def _agents(looked: Looked) -> Part:
    away = looked.boards_away
    if not away:
        return Part("agents", "ok", Name(f"{looked.boards} 个控制器全部在线", f"All {looked.boards} boards are there."), _NOTHING)
    zh, en = "、".join(name.zh for name in away[:5]), ", ".join(name.en for name in away[:5])
    level: Level = "fail" if len(away) == looked.boards else "warn"
    return Part(
        "agents", level, Name(f"{len(away)} 个控制器离线:{zh}", f"{len(away)} boards are away: {en}."),
        Name("检查其电源和网线;其门在租期后停止放行,出门不受影响", "Check power and cable; exits stay free."),
    )  # fmt: skip


def _recorder(looked: Looked) -> Part:
    if not looked.gaps:
        return Part("recorder", "ok", Name("录像无中断", "No recording is interrupted."), _NOTHING)
    zh, en = "、".join(name.zh for name in looked.gaps[:5]), ", ".join(name.en for name in looked.gaps[:5])
    return Part(
        "recorder", "warn", Name(f"{len(looked.gaps)} 路录像中断:{zh}", f"{len(looked.gaps)} recordings are interrupted: {en}."),
        Name("检查摄像机电源和网络;中断已记入证据", "Check the camera; the gap is in the evidence."),
    )  # fmt: skip


def _clock(looked: Looked) -> Part:
    if abs(looked.clock_jump_ns) <= STEP_NS:
        return Part("clock", "ok", Name("时钟平稳", "The clock runs evenly."), _NOTHING)
    seconds = looked.clock_jump_ns / S
    return Part(
        "clock", "warn", Name(f"系统时钟跳变 {seconds:+.1f} 秒", f"The wall clock has jumped by {seconds:+.1f} s since the start."),
        Name("检查 NTP/北斗授时;重启网关后重新计", "Check the time source; a restart of the gateway counts anew."),
    )  # fmt: skip


def _loop(looked: Looked) -> Part:
    lag = looked.loop_lag_ms
    level: Level = "fail" if lag > LAG_FAIL_MS else "warn" if lag > LAG_WARN_MS else "ok"
    said = Name(f"程序响应延迟最大 {lag} 毫秒", f"The program's longest pause in the last minute: {lag} ms.")
    remedy = Name("查看本机负载;其他程序占用过多时移走", "Look at this machine's load; move other programs away.")
    return Part("loop", level, said, _NOTHING if level == "ok" else remedy)


def _webhooks(looked: Looked) -> Part:
    if not looked.webhooks_off:
        return Part("webhooks", "ok", Name("数据推送正常", "Webhooks are well."), _NOTHING)
    return Part(
        "webhooks", "warn", Name(f"{looked.webhooks_off} 个推送已停用", f"{looked.webhooks_off} webhooks are switched off."),
        Name("确认接收方恢复后重新启用", "Switch them on again when the receiver is back."),
    )  # fmt: skip
