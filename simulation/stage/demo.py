"""`bidhall demo`: the whole venue on this machine, until Ctrl-C; the dashboard at http://127.0.0.1:8000."""

import argparse
import contextlib
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from simulation.platform.scenarios import Rooms, county_day
from simulation.stage.day_script import with_expired_pass
from simulation.stage.house import ACCOUNTS, House, HouseOptions
from simulation.stage.people import Crowd
from simulation.stage.processes import StageError
from venue_model.groups import ROLE_NAMES, Role
from venue_model.ids import DeviceId, DoorId, PersonKey, RoomId
from venue_model.tools.files import example
from venue_model.venue import DeviceKind


def main(argv: list[str]) -> int:
    """0 after Ctrl-C, 2 when the venue could not be set up."""
    parser = argparse.ArgumentParser(prog="bidhall demo", description="整个场地在本机运行 The whole venue on this machine")
    parser.add_argument("--port", type=int, default=8000, help="网页端口 port of the dashboard (default 8000)")
    parser.add_argument("--data", type=Path, help="数据目录 where its data goes (default: a new folder, removed at the end)")
    parser.add_argument("--broker", choices=("mosquitto", "nats"), default="", help="指定消息服务 force a broker")
    parser.add_argument("--seconds", type=float, help="运行多少秒后结束 end after so many seconds (default: until Ctrl-C)")
    options = parser.parse_args(argv)
    folder = options.data or Path(tempfile.mkdtemp(prefix="bidhall-demo-"))
    over = _Over()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, over.ask)
    print("标厅演示启动中,约需十秒 setting up the demo venue, about ten seconds …", flush=True)
    try:
        settings = HouseOptions(example("county_hall"), folder, port=options.port, pace=1.0, broker=options.broker)
        with House(settings) as house:
            crowd = _book(house)
            _greet(house, crowd)
            ended = over.wait(options.seconds) if options.seconds else _walk(crowd, over)
            print("正在关闭 closing …" if ended else "时间到,正在关闭 time is up, closing …", flush=True)
    except (StageError, OSError) as error:
        print(f"bidhall demo: {error}", file=sys.stderr)
        return 2
    finally:
        if options.data is None:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


class _Over:
    """Whether it is time to end.  No lock: a second signal that interrupts the first one's handler would wait for itself."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self, *_: object) -> None:
        """A signal handler."""
        self.asked = True

    def wait(self, seconds: float | None = None) -> bool:
        """True when asked to end, False when `seconds` have passed first."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self.asked and (deadline is None or time.monotonic() < deadline):
            time.sleep(0.1)
        return self.asked


def _book(house: House) -> Crowd:
    """The stand-in platform books today's two lots."""
    rooms = Rooms(*(RoomId(r) for r in ("o1", "e1", "o2", "e2")))
    scenario = with_expired_pass(county_day(start_utc_ns=time.time_ns(), rooms=rooms))
    for lot in scenario.lots:
        house.platform.put_lot(lot, scenario.credit_codes[lot.id])
    crowd = Crowd(house, scenario.cards, scenario.phones)
    crowd.labels = {
        f"{role.value.lower()}{n}{'b' if index else ''}": person
        for index, lot in enumerate(scenario.lots)
        for role in Role
        for n, person in enumerate(scenario.people(lot, role), 1)
    }
    return crowd


def _greet(house: House, crowd: Crowd) -> None:
    print(f"\n  看板 dashboard    {house.url}")
    for name, role, password in ACCOUNTS:
        print(f"  账号 account      {name} / {password}  ({role})")
    print(f"  审批密钥 keys     {house.folder / 'approvers'}  (双人审批 for two-person approval)")
    print(f"  日志 logs         {house.folder / 'logs'}")
    print("\n  在此输入刷卡动作 type what people do here, for example:")
    print("    badge exp1 intake-door    刷卡进门 hold a card to a reader and pull the door")
    print("    phone bid2 o1-door        手机扫码进门 enter by phone")
    print("    locker exp1               存手机,再次为取 lock the phone away; again: fetch it")
    print("    leave exp1 intake-door    按出门键离开 push the exit bar")
    print("    people | doors            列出人员、门 list people, doors")
    print("  Ctrl-C 结束 ends\n", flush=True)


def _walk(crowd: Crowd, over: _Over) -> bool:
    """Do what is typed, until Ctrl-C.  Without a keyboard, only wait."""
    typing = threading.Thread(target=_read_acts, args=(crowd, over), daemon=True)
    typing.start()
    return over.wait()


def _read_acts(crowd: Crowd, over: _Over) -> None:
    with contextlib.suppress(ValueError, OSError):  # the keyboard is gone
        for line in sys.stdin:
            if over.asked:
                return
            if line.strip():
                print(f"  {_act(crowd, line.split())}", flush=True)


def _act(crowd: Crowd, words: list[str]) -> str:
    """Do one typed line; what came of it."""
    try:
        match words:
            case ["people"]:
                return "  ".join(f"{label}={ROLE_NAMES[_role(label)][0]}" for label in crowd.labels)
            case ["doors"]:
                return "  ".join(d.id for d in crowd.house.venue.doors.values() if d.board is not None)
            case ["badge", who, door]:
                return "放行 let in" if crowd.badge(_who(crowd, who), DoorId(door)) else "拒绝 refused"
            case ["phone", who, door]:
                person = _who(crowd, who)
                entered = crowd.show(person, DoorId(door), crowd.scan(person, DoorId(door)))
                return "放行 let in" if entered else "拒绝 refused"
            case ["locker", who]:
                person, reader = _who(crowd, who), _locker_reader(crowd)
                if person in crowd.stored:
                    return f"已取出 taken out of {crowd.fetch_phone(person, reader)}"
                return f"已存入 locked away in {crowd.lock_phone_away(person, reader)}"
            case ["leave", who, door]:
                return "门已开 out" if crowd.leave(_who(crowd, who), DoorId(door)) else "门未开 the door did not open"
    except (KeyError, StopIteration, AssertionError, RuntimeError) as error:
        return f"做不到 cannot: {error}"
    return "看不懂 not understood: badge | phone | locker | leave | people | doors"


def _who(crowd: Crowd, label: str) -> PersonKey:
    if label not in crowd.labels:
        raise KeyError(f"no such person {label}; type people")
    return crowd.labels[label]


def _role(label: str) -> Role:
    return next(role for role in sorted(Role, key=len, reverse=True) if label.upper().startswith(role.value))


def _locker_reader(crowd: Crowd) -> DeviceId:
    return next(d.id for d in crowd.house.venue.devices.values() if d.kind is DeviceKind.READER and d.door is None)
