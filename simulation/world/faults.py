"""Everything that can go wrong, by name, and what of it is drawn for one run.

Swarm testing: each run first draws which kinds are on at all and how hard.  Runs with everything on at once hide what a single
kind does; runs with a few kinds, each in its turn heavy or light, reach more corners.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault, in words."""

    name: str
    zh: str
    en: str


NETWORK = (
    Kind("loss", "断线丢报文", "connections break and what was under way is lost"),
    Kind("delay", "延迟", "messages take up to seconds"),
    Kind("duplicate", "重复", "messages arrive twice"),
    Kind("reorder", "乱序", "messages of different topics overtake each other"),
    Kind("partition", "单向中断", "nothing passes in one direction, for a while"),
    Kind("clog", "逐一阻塞", "links are clogged one by one and freed in another order"),
    Kind("broker-restart", "消息服务重启", "the broker restarts, with or without what it retained"),
)
MACHINES = (
    Kind("agent-crash", "控制器崩溃", "a board's program dies; its journal is kept"),
    Kind("torn", "断电", "a board loses power between two commits"),
    Kind("disk-full", "存储卡写满", "a board's card takes no records"),
    Kind("clock-step", "时钟跳变", "a machine's UTC jumps"),
    Kind("clock-drift", "时钟漂移", "clocks run fast or slow"),
    Kind("gateway-crash", "网关崩溃", "the gateway dies at any message"),
    Kind("gateway-restore", "网关从备份恢复", "the gateway's database is put back from a backup"),
)
METAL = (
    Kind("bounce", "触点抖动", "contacts chatter for longer than they should"),
    Kind("stuck-contact", "触点卡住", "a contact does not move with its leaf"),
    Kind("double-read", "重复读卡", "a reader reads a card twice"),
    Kind("lines-lost", "门控板失联", "the board of the doors' lines vanishes and comes back"),
    Kind("camera-frozen", "摄像机卡死", "a camera delivers nothing"),
    Kind("dark-sign", "屏幕无应答", "a sign or kiosk does not answer"),
    Kind("fire", "消防联动", "the fire contact closes"),
)
PLATFORM = (
    Kind("platform-away", "平台失联", "the trading platform is away, for hours"),
    Kind("roster-change", "名单变更", "the roster or a room changes late"),
)
PEOPLE = (
    Kind("lost", "走错路", "people try the wrong door"),
    Kind("tailgate", "尾随", "somebody follows through a door that another opened"),
    Kind("lend-card", "借卡", "somebody uses another's card"),
    Kind("try-every-door", "逐门尝试", "a bidder tries every door"),
    Kind("replay-qr", "重放二维码", "somebody shows a photograph of another's code"),
    Kind("fire-door", "强开逃生门", "somebody forces a door or breaks its glass"),
    Kind("unbadged-exit", "不刷卡离场", "people leave without a badge, some at the wrong time"),
    Kind("prop", "门被顶住", "somebody wedges a door"),
    Kind("dawdle", "拖延", "experts come too late after they were authorised"),
    Kind("return", "离场后返回", "somebody who has left tries to come back"),
    Kind("two-cards", "一人两证", "somebody uses card and phone in turn"),
    Kind("swap-rooms", "走错评标室", "an expert tries another committee's room"),
    Kind("forget", "忘存手机", "an expert comes to the gate with the phone in the pocket"),
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in (*NETWORK, *MACHINES, *METAL, *PLATFORM, *PEOPLE)}


@dataclass(slots=True)
class FaultOptions:
    """The drawn rates, and each kind's own stream of chances.  `calm` ends them all."""

    rates: dict[str, float]
    stream: Callable[[str], random.Random] = field(repr=False)
    calm: bool = False

    def rate(self, name: str) -> float:
        """How hard a kind is on now: 0.0 to 1.0."""
        return 0.0 if self.calm else self.rates[name]

    def chance(self, name: str) -> bool:
        """Draw: true in `rate` of the tries."""
        rate = self.rate(name)
        return rate > 0 and self.stream(f"fault {name}").random() < rate


def chosen(text: str) -> tuple[str, ...]:
    """The kinds of `--faults all|none|NAMES`.  ValueError naming what is unknown.

    >>> chosen("loss, fire")
    ('loss', 'fire')
    """
    if text == "all":
        return tuple(KINDS)
    if text == "none":
        return ()
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in KINDS:
            raise ValueError(f"faults: {name!r} is no kind of fault; kinds: all, none, {', '.join(KINDS)}")
    return names


def draw(allowed: Iterable[str], everything: bool, stream: Callable[[str], random.Random]) -> FaultOptions:
    """Choose what is on.  Of `all`, each kind is on in half of the runs; kinds that were named are on for sure."""
    allowed = frozenset(allowed)
    rates = {}
    for name in KINDS:  # every kind draws, so that naming others does not shift its own draw
        rng = stream(f"option {name}")
        on, hard = rng.random() < 0.5, round(rng.choice((0.1, 0.3, 1.0)) * rng.uniform(0.2, 1.0), 3)
        rates[name] = hard if name in allowed and (on or not everything) else 0.0
    return FaultOptions(rates, stream)
