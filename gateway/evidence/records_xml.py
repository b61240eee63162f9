"""What an archive asks for: descriptive metadata under the names of DA/T 63-2017, and the four-property report.

The report follows DA/T 70-2018 at the moment of filing (归档): each check passes, or says what a reader must know.
Of DA/T 63 only an excerpt could be read: 题名 (M7), 业务开始/结束时间, 业务描述, 管理活动标识符 (M83) and 管理行为 are its words; the other
names (保管期限, 地点, 计算机文件名, 数字摘要 …) are customary and unconfirmed.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.evidence.dossier import Dossier
from venue_model.manifest import Gap, Segment
from venue_model.moments import S, utc_text

PROPERTIES = {"authenticity": "真实性", "integrity": "完整性", "usability": "可用性", "security": "安全性"}


@dataclass(frozen=True, slots=True)
class SealFacts:
    """A dossier that has been checked, with the gaps that the check added."""

    dossier: Dossier
    segments: list[Segment]
    gaps: list[Gap]
    unexplained: list[Gap]
    log_origin: str
    has_authority: bool


def metadata_xml(facts: SealFacts, now_utc_ns: int) -> bytes:
    dossier = facts.dossier
    root = ET.Element("录音录像类电子档案元数据", {"标准": "DA/T 63-2017", "聚合层次": "卷"})
    record = ET.SubElement(root, "档案实体")
    _put(record, "立档单位名称", dossier.organisation)
    _put(record, "项目编号", dossier.project)
    for lot in dossier.lots:
        _put(record, "标段编号", lot)
    _put(record, "题名", dossier.title, {"编号": "M7"})
    _put(record, "保管期限", dossier.retention)
    for room in dossier.rooms:
        _put(record, "地点", room)
    business = ET.SubElement(root, "业务实体")
    _put(business, "业务开始时间", utc_text(dossier.begin_utc_ns))
    _put(business, "业务结束时间", utc_text(dossier.end_utc_ns))
    _put(business, "业务描述", dossier.description or dossier.title)
    action = ET.SubElement(root, "管理活动")
    _put(action, "管理活动标识符", "室编管理活动1", {"编号": "M83"})
    _put(action, "管理行为", "固化封存")
    _put(action, "管理时间", utc_text(now_utc_ns))
    files = ET.SubElement(root, "计算机文件", {"件数": str(len(facts.segments))})
    for segment in facts.segments:
        item = ET.SubElement(files, "件")
        _put(item, "计算机文件名", segment.path)
        _put(item, "计算机文件大小", str(segment.bytes), {"单位": "字节"})
        _put(item, "格式名称", segment.path.rpartition(".")[2])
        _put(item, "开始时间", utc_text(segment.begin_utc_ns))
        _put(item, "时间长度", str((segment.end_utc_ns - segment.begin_utc_ns) // S), {"单位": "秒"})
        _put(item, "数字摘要", segment.sha256, {"算法": "SHA-256"})
        _put(item, "数字摘要", segment.sm3, {"算法": "SM3"})
    ET.indent(root)
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def four_properties(facts: SealFacts) -> dict[str, object]:
    """The report as a record: property → checks, each with `passes` and a sentence in both languages."""
    sections = {
        "authenticity": list(_authenticity(facts)),
        "integrity": list(_integrity(facts)),
        "usability": list(_usability(facts)),
        "security": list(_security(facts)),
    }
    return {"standard": "DA/T 70-2018", "moment": "归档", "project": facts.dossier.project, "properties": sections}


def four_properties_text(report: dict[str, object]) -> str:
    """The same for people: Chinese first, English beside it."""
    lines = ["四性检测报告 / Four-property report", f"项目 project: {report['project']}", f"{report['standard']}, 归档", ""]
    sections = report["properties"]
    assert isinstance(sections, dict), "four_properties makes a dict"
    for name, checks in sections.items():
        lines.append(f"{PROPERTIES[name]} / {name}")
        for check in checks:
            mark = "通过 pass" if check["passes"] else "注意 note"
            lines += [f"  [{mark}] {check['zh']}", f"              {check['en']}"]
        lines.append("")
    return "\n".join(lines)


def _authenticity(facts: SealFacts) -> Iterator[dict[str, object]]:
    count = len(facts.segments)
    timed = sum(bool(ref.clock) for ref in facts.dossier.segments)
    yield _check(
        True,
        f"{count} 个媒体文件在录制时已计算 SHA-256 与 SM3",
        f"SHA-256 and SM3 of {count} media files were taken while they were recorded",
    )
    yield _check(
        True,
        "清单由场地密钥签名 (ECDSA P-256 与 SM2)",
        "the tag manifest is signed with the venue's keys (ECDSA P-256 and SM2)",
    )
    yield _check(
        timed == count,
        f"{count} 个媒体文件中 {timed} 个带有摄像机与主机时钟偏差记录",
        f"{timed} of {count} media files carry a record of camera and host clocks",
    )
    yield _check(
        facts.has_authority,
        "时间戳: 已请求, 结果见 bag-info.txt" if facts.has_authority else "时间戳: 未配置时间戳机构, 时间仅由场地时钟证明",
        "time stamp: requested, outcome in bag-info.txt"
        if facts.has_authority
        else "time stamp: no authority is configured; the time rests on the venue's clock alone",
    )


def _integrity(facts: SealFacts) -> Iterator[dict[str, object]]:
    total = sum(segment.bytes for segment in facts.segments)
    count, gaps, unexplained = len(facts.segments), len(facts.gaps), len(facts.unexplained)
    yield _check(count > 0, f"媒体文件 {count} 个, 共 {total} 字节", f"{count} media files, {total} bytes")
    yield _check(
        gaps == 0,
        f"录制缺口 {gaps} 处, 见 data/records/gaps.json",
        f"{gaps} gaps in the recordings, listed in data/records/gaps.json",
    )
    yield _check(
        unexplained == 0,
        f"其中 {unexplained} 处在封存时才发现, 原因不明",
        f"{unexplained} of them were found only by this seal and have no known cause",
    )


def _usability(facts: SealFacts) -> Iterator[dict[str, object]]:
    suffixes = sorted({segment.path.rpartition(".")[2] for segment in facts.segments})
    yield _check(
        True,
        f"媒体文件为原始封装 ({', '.join(suffixes)}), 未转码, 每个文件可单独播放",
        f"media files are as recorded ({', '.join(suffixes)}), never transcoded; each plays alone",
    )
    yield _check(
        True,
        "记录为 JSON 与 XML (UTF-8), 校验只需通用工具",
        "records are JSON and XML in UTF-8; stock tools suffice to check them",
    )


def _security(facts: SealFacts) -> Iterator[dict[str, object]]:
    yield _check(True, f"本次封存已写入透明日志 {facts.log_origin}", f"this seal is entered in the transparency log {facts.log_origin}")
    yield _check(
        False,
        "透明日志检查点无外部见证签名: 请与场地外保存的检查点比对",
        "the checkpoint carries no witness's signature: compare it with one kept outside the venue",
    )
    readings = len(facts.dossier.access)
    yield _check(
        True,
        f"封存前的 {readings} 次调阅记录在 access-log.jsonl, 逐行链接",
        f"{readings} readings before the seal are in access-log.jsonl, each line chained to the one before",
    )


def _check(passes: bool, zh: str, en: str) -> dict[str, object]:
    return {"passes": passes, "zh": zh, "en": en}


def _put(parent: ET.Element, name: str, text: str, attributes: dict[str, str] | None = None) -> None:
    ET.SubElement(parent, name, attributes or {}).text = text
