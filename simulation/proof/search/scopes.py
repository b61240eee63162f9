"""How much of the world a search visits.  Each scope turns on what its question needs; within it, the search is complete."""

from dataclasses import dataclass

from gateway.core.clearing import Target
from venue_model.groups import Pair, Role, pair
from venue_model.profiles import DoorMode

BIDDERS = Target(DoorMode.CHECK_IN, (Role.BID,), False)
EXPERTS = Target(DoorMode.INTAKE, (Role.EXP,), False)
AGENTS_TOO = Target(DoorMode.OPENING, (Role.AGT, Role.BID), False)
AGENTS = Target(DoorMode.PREPARATION, (Role.AGT,), False)
SUPERVISORS = Target(DoorMode.DUTY, (Role.SUP,), False)
SEALED = Target(DoorMode.EVALUATION, (), True)
LOCKED = Target(DoorMode.CLEAR, (), True)  # sealed, and not even in use
HELPED_OUT = Target(DoorMode.RELEASE, (), False)  # nobody's passes are good, yet staff may come by command
CLOSED = Target(DoorMode.CLEAR, (), False)


@dataclass(frozen=True, slots=True)
class Scope:
    """A question, and what may happen while it is asked."""

    name: str
    zh: str
    en: str
    people: tuple[Role, ...]
    targets: tuple[Target, ...]
    signed: int  # policies at most
    separated: frozenset[Pair] = frozenset({pair(Role.BID, Role.EXP)})
    net_limit: int = 1
    leaf: bool = False  # a leaf may stand open; else it falls shut behind whoever passed
    leases: bool = False  # leases may run out
    stays: bool = False  # whoever presses the exit button may stay, and only open for somebody else
    late: bool = False  # a report may arrive after later ones
    crashes: bool = False
    unseen: bool = False  # people leave while a board is down
    fire: bool = False
    force: bool = False  # people of the present groups break in: the door knows that its count is in doubt
    stolen: bool = False  # whoever holds the gateway's key signs releases and admissions that two people did not sign
    restores: int = 0
    pulses: bool = False
    nightly: bool = False  # too many states for every day


_TWO = (Role.BID, Role.EXP)
_THREE = (Role.BID, Role.AGT, Role.EXP)
SCOPES = (
    Scope("groups", "互斥人员先后使用", "separated groups follow each other", _TWO, (BIDDERS, EXPERTS), 3),
    Scope("late", "报告迟到", "reports come late", _TWO, (BIDDERS, EXPERTS), 3, late=True),
    Scope("leaf", "门扇开着,租约到期", "leaves stand open, leases run out", _TWO, (BIDDERS, EXPERTS), 3, leaf=True, leases=True),
    Scope("company", "一次开门两人通过", "two people at one opening of a door", _THREE, (AGENTS_TOO, EXPERTS), 3, stays=True),
    Scope("crowd", "两人之间门扇开着", "the same, and leaves stand open", _THREE, (AGENTS_TOO, EXPERTS), 3, stays=True,
          leaf=True, nightly=True),
    Scope("crash", "控制器断电重启", "boards crash and start anew", _TWO, (BIDDERS, EXPERTS), 3, crashes=True, unseen=True),
    Scope("sweep", "两人清场核实", "two people look whether the room is empty", _TWO, (BIDDERS, EXPERTS), 5),
    Scope("seal", "封闭与解封", "a seal is set and lifted", (Role.EXP,), (EXPERTS, SEALED, LOCKED), 3, crashes=True, unseen=True),
    Scope("theft", "网关被盗", "whoever has stolen the gateway signs what two people did not", _TWO,
          (BIDDERS, EXPERTS, SEALED), 3, stolen=True),
    Scope("reseal", "再次封闭,网关被盗", "a thief has the word that lifted a former seal", (Role.EXP,), (EXPERTS, SEALED), 4, stolen=True),
    Scope("restore", "网关从备份恢复", "the gateway is restored from an older backup", _TWO, (BIDDERS, EXPERTS), 4, restores=1),
    Scope("fire", "火警", "fire", _TWO, (BIDDERS, EXPERTS), 3, fire=True),
    Scope("force", "强行进入使人数存疑", "somebody breaks in, and the count is in doubt", _TWO, (BIDDERS, EXPERTS), 3, force=True),
    Scope("doubt", "存疑之后又有他人进入", "others are let in while the count is in doubt", _TWO, (BIDDERS, AGENTS, EXPERTS), 5,
          force=True, nightly=True),
    Scope("third", "先后三类人员", "a third group comes between", _TWO, (BIDDERS, AGENTS, EXPERTS), 5, nightly=True),
    Scope("staff", "工作人员凭指令进入", "staff come by command, and must not meet experts", (Role.EXP, Role.STF, Role.SUP),
          (EXPERTS, SUPERVISORS, HELPED_OUT), 3, separated=frozenset({pair(Role.EXP, Role.STF)}), pulses=True),
)  # fmt: skip
