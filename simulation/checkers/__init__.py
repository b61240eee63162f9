"""The laws as checkers: one file each, fed with the trace of a simulated house, able to fail."""

from collections.abc import Callable

from simulation.checkers.acknowledged import Acknowledged
from simulation.checkers.antipassback import NoPassback
from simulation.checkers.apart import Apart
from simulation.checkers.company import Company
from simulation.checkers.displays import Displays
from simulation.checkers.epochs import Epochs
from simulation.checkers.generations import Generations
from simulation.checkers.i1_bidders import BiddersBarred
from simulation.checkers.i2_own_room import OwnRoom
from simulation.checkers.i3_window import EntryWindow
from simulation.checkers.i4_once import EntersOnce
from simulation.checkers.i5_lockers import PhonesAway
from simulation.checkers.i6_corridors import WaysApart
from simulation.checkers.i7_inquiry import SidesOfInquiry
from simulation.checkers.i9_names import NamesHidden
from simulation.checkers.i10_recording import Recorded
from simulation.checkers.i12_overnight import Overnight
from simulation.checkers.i13_jumps import JumpsTold
from simulation.checkers.i14_conflicts import ConflictsTold
from simulation.checkers.i15_checkout import CheckoutTold
from simulation.checkers.interlocks import Interlocks
from simulation.checkers.limits import Limits
from simulation.checkers.liveness import Liveness
from simulation.checkers.never_more import NeverMore
from simulation.checkers.nothing_lost import NothingLost
from simulation.checkers.noticed import Noticed
from simulation.checkers.one_scene import OneScene
from simulation.checkers.out import Out
from simulation.checkers.sealed import Sealed
from simulation.checkers.strikes import StrikesRecorded
from simulation.world.contract import Checker, House

ALL: tuple[Callable[[House], Checker], ...] = (
    Apart,
    Out,
    NeverMore,
    NothingLost,
    StrikesRecorded,
    Noticed,
    Acknowledged,
    BiddersBarred,
    OwnRoom,
    EntryWindow,
    EntersOnce,
    PhonesAway,
    WaysApart,
    Sealed,
    NamesHidden,
    Recorded,
    Generations,
    Epochs,
    OneScene,
    Displays,
    SidesOfInquiry,
    Overnight,
    JumpsTold,
    ConflictsTold,
    CheckoutTold,
    Interlocks,
    Limits,
    Company,
    NoPassback,
    Liveness,
)
