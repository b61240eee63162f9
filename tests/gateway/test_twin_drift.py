"""What is wrong with a device is said in one sentence, with what to do about it."""

from dataclasses import replace

import pytest

from gateway.core.twin.drift import CAMERA_S, DRIFT_S, Wrong, find
from gateway.core.twin.twin import BOARD, DOOR, Desired, Reported, Twin
from venue_model.ids import BoardId, RoomId
from venue_model.moments import S
from venue_model.venue import DeviceKind, Name
from venue_model.wire import ACCEPTED, APPLIED, FAULT, INTERLOCK, OVERRIDDEN, STALE, UNSUPPORTED

AT = 1_800_000_000 * S
OPENING = BoardId("opening")
WANTED, TOLD = Desired("on", 7, AT, "run-1", "wang"), Reported("", APPLIED, AT)
WELL = Twin("o1-light", DeviceKind.LIGHT, Name("灯", "light"), RoomId("o1"), OPENING, True, AT, True, 7, WANTED, TOLD)


def told(code: int, text: str = "", **more: str) -> Twin:
    return replace(WELL, reported=replace(TOLD, code=code, text=text, **more))


@pytest.mark.parametrize(
    ("twin", "after_s", "wrong", "zh"),
    [
        (WELL, 3_600, None, ""),
        (replace(WELL, held=6), DRIFT_S, None, ""),
        (replace(WELL, held=6), 12, Wrong.SILENT, "无应答 12 s"),
        (replace(WELL, online=False, board_online=False), 12, Wrong.AWAY, "控制器离线 12 s"),
        (replace(WELL, online=False, board_online=False, quarantined_utc_ns=AT), 12, Wrong.AWAY, "控制器离线"),
        (replace(WELL, online=None, reported=None, board_online=False), 12, Wrong.UNKNOWN, "从未报到"),
        (replace(WELL, online=None, reported=None), 12, Wrong.UNKNOWN, "未报告此设备"),
        (replace(told(FAULT, "灯座无电"), online=False), 300, Wrong.OFFLINE, "设备离线 5 min 灯座无电"),
        (told(ACCEPTED), DRIFT_S, None, ""),
        (told(ACCEPTED), DRIFT_S + 1, Wrong.SLOW, "执行 6 s 未完成"),
        (replace(told(ACCEPTED), kind=DeviceKind.CAMERA), CAMERA_S, None, ""),
        (told(FAULT, "no lamp"), 0, Wrong.FAILED, "故障 500 no lamp"),
        (told(OVERRIDDEN, "by hand"), 8_000, Wrong.OVERRIDDEN, "现场手动 2 h"),
        (told(APPLIED, source="local"), 1, Wrong.OVERRIDDEN, "现场手动"),
        (replace(WELL, reported=replace(TOLD, value="off")), DRIFT_S, None, ""),
        (replace(WELL, reported=replace(TOLD, value="off")), DRIFT_S + 1, Wrong.DRIFTED, "应为 on,实为 off"),
        (replace(WELL, kind=DOOR, reported=replace(TOLD, value="closed")), 60, None, ""),
        (replace(WELL, quarantined_utc_ns=AT), 300, Wrong.QUARANTINED, "已隔离 5 min"),
        (replace(WELL, kind=DeviceKind.CAMERA, quarantined_utc_ns=AT), 3, Wrong.QUARANTINED, "不算在录"),
        (replace(WELL, kind=DOOR, quarantined_utc_ns=AT), 3, Wrong.QUARANTINED, "门仍按策略管控"),
        (replace(WELL, kind=BOARD, record="configuration"), 3, Wrong.OLDER, "与网关不一致"),
    ],
)
def test_one_sentence_for_what_is_wrong(twin: Twin, after_s: int, wrong: Wrong | None, zh: str) -> None:
    found = find(twin, AT + after_s * S)
    assert (found.wrong if found else None) is wrong
    if found is not None:
        assert zh in found.name.zh
        assert found.name.en and found.remedy.zh and found.remedy.en


def test_the_remedy_names_the_board_to_go_to() -> None:
    found = find(replace(WELL, held=6), AT + 12 * S)
    assert found is not None
    assert f"{found.name.zh}: {found.remedy.zh}" == "无应答 12 s: 查看控制器 opening 的电源和网线"


def test_every_code_of_a_fault_has_a_remedy_of_its_own() -> None:
    remedies = set()
    for code in (FAULT, UNSUPPORTED, INTERLOCK, STALE):
        found = find(told(code), AT)
        assert found is not None
        remedies.add(found.remedy)
    assert len(remedies) == 4
