"""A report as one HTML page that prints on A4: Chinese first, English beside it, no script and nothing from elsewhere."""

import datetime
from collections.abc import Iterable, Sequence
from html import escape

from gateway.core.day import LOCAL
from gateway.core.facts.day_report import AlarmRow, FailedDevice, Report, SceneRow
from venue_model.moments import S
from venue_model.venue import Name

RESULTS = {
    "ok": ("正常", "ok"), "degraded": ("降级", "degraded"), "partial": ("部分完成", "partial"), "compensated": ("已补偿", "compensated"),
    "superseded": ("被后续场景取代", "superseded"), "failed": ("失败", "failed"), "": ("进行中", "running"),
}  # fmt: skip
ENDED = {"cleared": ("已消除", "cleared"), "acknowledged": ("已确认", "acknowledged"), "": ("未消除", "still open")}

_STYLE = """
@page { size: A4; margin: 14mm 12mm 16mm }
:root { color: #16202a; background: #fff; font: 10.5pt/1.5 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", sans-serif }
body { max-width: 186mm; margin: 0 auto; padding: 8mm 6mm }
h1 { font-size: 19pt; margin: 0 } h1 + p { margin: 0 0 4mm }
h2 { font-size: 12.5pt; margin: 7mm 0 2mm; border-bottom: .5mm solid #1d5fa8; padding-bottom: .8mm; break-after: avoid }
small, .en { color: #5a6773; font-size: 8.5pt; font-weight: 400 }
table { width: 100%; border-collapse: collapse; font-size: 9.5pt }
th { text-align: left; font-weight: 600; background: #eef3f8; vertical-align: bottom }
th .en { display: block }
th, td { padding: 1.1mm 1.6mm; border-bottom: .2mm solid #c9d3dc; vertical-align: top }
tr { break-inside: avoid } thead { display: table-header-group }
td.n { font-variant-numeric: tabular-nums } td.t { white-space: nowrap; font-variant-numeric: tabular-nums }
.bad { color: #a3150f; font-weight: 600 } .warn { color: #8a5200; font-weight: 600 } .good { color: #1b6b35 }
.sum { display: grid; grid-template-columns: repeat(5, 1fr); gap: 3mm; margin: 4mm 0 }
.sum div { border: .25mm solid #c9d3dc; border-radius: 1mm; padding: 2mm 3mm } .sum b { display: block; font-size: 17pt; line-height: 1.15 }
.hash { font: 8.5pt/1.4 ui-monospace, "DejaVu Sans Mono", monospace; word-break: break-all }
.none { color: #5a6773 } ul { margin: 0; padding-left: 4mm }
footer { margin-top: 8mm; border-top: .2mm solid #c9d3dc; padding-top: 2mm }
@media print { body { padding: 0; max-width: none } }
"""


def report_page(report: Report, made_utc_ns: int) -> str:
    """The whole page."""
    lot = report.lot
    day = _moment(report.from_utc_ns)[:10]
    title = f"标段日报 {lot.name}" if lot else f"场地日报 {day}"
    head = Name(f"{title}", f"Daily report, lot {lot.id}" if lot else f"Daily report of the venue, {day}")
    parts = [
        f"<h1>{escape(head.zh)}</h1><p class=en>{escape(head.en)} · {escape(report.venue.zh)} {escape(report.venue.en)}</p>",
        _facts(report), _summary(report), _lots(report) if lot is None else "", _scenes(report), _arrivals(report), _refusals(report),
        _alarms(report.alarms), _gaps(report), _acts(report), _packages(report),
        f"<footer><small>{escape(_moment(made_utc_ns))} 由 bidhall 网关据日志生成 · generated from the venue's journal · "
        "人员仅以人数出现 people appear as counts only</small></footer>",
    ]  # fmt: skip
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{escape(head.zh)}</title><style>{_STYLE}</style><body>'
        + "".join(parts)
        + "</body></html>\n"
    )


def _facts(report: Report) -> str:
    lot = report.lot
    rows = [("时段", "span", f"{_moment(report.from_utc_ns)} — {_moment(report.until_utc_ns)}")]
    if lot is not None:
        rows = [
            ("项目", "project", f"{lot.project_name} ({lot.project_code or lot.project})"),
            ("标段", "lot", f"{lot.name} ({lot.lot_code or lot.id})"),
            ("统一交易标识码", "unified code", lot.deal_code or "—"),
            ("开标室 / 评标室", "opening / evaluation room", f"{lot.opening_room or '—'} / {lot.evaluation_room or '—'}"),
            *rows,
        ]
    cells = (f"<tr><th>{escape(zh)} <span class=en>{escape(en)}</span><td>{escape(text)}" for zh, en, text in rows)
    return f"<table>{''.join(cells)}</table>"


def _summary(report: Report) -> str:
    trouble = sum(scene.result not in ("ok", "superseded", "") for scene in report.scenes)
    standing = sum(not alarm.ended for alarm in report.alarms)
    boxes = (
        ("场景", "scenes", len(report.scenes), ""), ("未全部完成", "not all done", trouble, "warn" if trouble else "good"),
        ("到场人数", "arrived", sum(row.arrived for row in report.arrivals), ""),
        ("告警(未消除)", "alarms (open)", f"{len(report.alarms)} ({standing})", "bad" if standing else "good"),
        ("录像中断", "recording gaps", len(report.gaps), "bad" if report.gaps else "good"),
    )  # fmt: skip
    cells = (f'<div><b class="{kind}">{value}</b>{zh} <span class=en>{en}</span></div>' for zh, en, value, kind in boxes)
    return f"<div class=sum>{''.join(cells)}</div>"


def _lots(report: Report) -> str:
    rows = (
        [
            _cell(lot.name), _cell(f"{lot.project_name}"), _cell(f"{lot.opening_room or '—'} / {lot.evaluation_room or '—'}"),
            _cell(_clock(lot.opening_utc_ns), "t"), _two(phase),
        ]
        for lot, phase in report.lots
    )  # fmt: skip
    heads = (("标段", "lot"), ("项目", "project"), ("房间", "rooms"), ("开标时间", "opening"), ("当前阶段", "phase"))
    return _table("标段", "Lots", heads, rows)


def _scenes(report: Report) -> str:
    heads = (("时间", "time"), ("场景", "scene"), ("操作", "by"), ("结果", "result"), ("用时", "took"), ("未完成设备", "failed devices"))
    return _table("场景时间线", "Timeline of scenes", heads, (_scene(row, report.lot is None) for row in report.scenes))


def _scene(row: SceneRow, with_lot: bool) -> list[str]:
    zh, en = RESULTS.get(row.result, (row.result, row.result))
    kind = {"ok": "good", "failed": "bad", "partial": "bad", "degraded": "warn"}.get(row.result, "")
    who = f"{row.by}" + (f"(批准 {', '.join(row.approvers)})" if row.approvers else "")
    name = Name(f"{row.scene.zh} · {row.lot}", row.scene.en) if with_lot else row.scene
    failed = "".join(f"<li>{_device(device)}" for device in row.failed)
    took = f"{row.took_ms / 1000:.1f} s" if row.took_ms is not None else "—"
    return [
        _cell(_clock(row.utc_ns), "t"), _two(name), _cell(who), f'<td class="{kind}">{zh} <span class=en>{en}</span>', _cell(took, "n"),
        f"<td>{f'<ul>{failed}</ul>' if failed else f'<span class=none>{row.devices} 台全部应答 all answered</span>'}",
    ]  # fmt: skip


def _device(device: FailedDevice) -> str:
    optional = "" if device.required else "(可选 optional)"
    what = f"{escape(device.room.zh)} {escape(device.name.zh)} <small>{escape(device.id)} {device.code or '—'}</small>"
    return f"{what} {escape(device.why)}{optional}"


def _arrivals(report: Report) -> str:
    rows = (
        [
            _two(row.name), _cell(str(row.expected), "n"), _cell(str(row.arrived), "n"),
            _cell(_clock(row.first_utc_ns), "t"), _cell(_clock(row.last_utc_ns), "t"),
        ]
        for row in report.arrivals
    )  # fmt: skip
    heads = (("角色", "role"), ("应到", "expected"), ("实到", "arrived"), ("最早", "first"), ("最晚", "last"))
    return _table("到场人数", "Arrivals", heads, rows)


def _refusals(report: Report) -> str:
    rows = ([_two(row.name), _cell(row.rule), _cell(str(row.count), "n")] for row in report.refusals)
    return _table("门禁拒绝", "Refusals at doors", (("原因", "reason"), ("规则", "rule"), ("次数", "times")), rows)


def _alarms(alarms: Iterable[AlarmRow]) -> str:
    rows = (
        [
            _cell(_clock(row.utc_ns), "t"), _two(row.name), _cell(row.place),
            _cell(_clock(row.ended_utc_ns), "t"),
            f'<td class="{"" if row.ended else "bad"}">{ENDED[row.ended][0]} <span class=en>{ENDED[row.ended][1]}</span> {escape(row.by)}',
        ]
        for row in alarms
    )  # fmt: skip
    heads = (("开始", "raised"), ("告警", "alarm"), ("位置", "place"), ("结束", "ended"), ("处理", "how it ended"))
    return _table("告警", "Alarms", heads, rows)


def _gaps(report: Report) -> str:
    rows = (
        [
            _two(row.name), _cell(f"{_clock(row.from_utc_ns)} — {_clock(row.to_utc_ns)}", "t"),
            _cell(f"{(row.to_utc_ns - row.from_utc_ns) / S:.0f} s", "n"), _cell(row.cause),
        ]
        for row in report.gaps
    )  # fmt: skip
    return _table("录像中断", "Recording gaps", (("机位", "camera"), ("时段", "span"), ("时长", "length"), ("原因", "cause")), rows)


def _acts(report: Report) -> str:
    rows = (
        [_cell(_clock(row.utc_ns), "t"), _two(row.name), _cell(row.what), _cell(row.by), _cell(", ".join(row.approvers))]
        for row in report.acts
    )
    heads = (("时间", "time"), ("事项", "act"), ("对象", "of"), ("操作", "by"), ("批准人", "approved by"))
    return _table("审批与人工操作", "Approvals and acts", heads, rows)


def _packages(report: Report) -> str:
    rows = (
        [
            _cell(row.project), _cell(f"#{row.seal}", "n"), _cell(_moment(row.sealed_utc_ns), "t"),
            f"<td class=hash>{escape(row.tagmanifest_sha256)}",
        ]
        for row in report.packages
    )  # fmt: skip
    heads = (("项目", "project"), ("序号", "no."), ("封装时间", "sealed"), ("tagmanifest SHA-256", ""))
    return _table("证据包", "Evidence packages", heads, rows)


def _table(zh: str, en: str, heads: Sequence[tuple[str, str]], rows: Iterable[list[str]]) -> str:
    title = f"<h2>{zh} <span class=en>{en}</span></h2>"
    body = "".join(f"<tr>{''.join(cells)}" for cells in rows)
    if not body:
        return f"{title}<p class=none>无 <span class=en>none</span></p>"
    head = "".join(f"<th>{one}<span class=en>{other}</span>" for one, other in heads)
    return f"{title}<table><thead><tr>{head}<tbody>{body}</table>"


def _cell(text: str, kind: str = "") -> str:
    return f'<td class="{kind}">{escape(text)}' if kind else f"<td>{escape(text)}"


def _two(name: Name) -> str:
    return f"<td>{escape(name.zh)} <span class=en>{escape(name.en)}</span>"


def _moment(utc_ns: int) -> str:
    return datetime.datetime.fromtimestamp(utc_ns // S, LOCAL).strftime("%Y-%m-%d %H:%M:%S")


def _clock(utc_ns: int | None) -> str:
    return "—" if utc_ns is None else _moment(utc_ns)[11:]
