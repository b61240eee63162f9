"""A copy of the venue database while the venue runs, and what a gateway does that wakes up in such a copy.

A copy is older than what the doors hold.  A gateway that went on from it would sign numbers a second time, with other content
(mutant `gwrollback` of the search in `simulation.proof`).  So the copy carries a mark, and whoever opens it begins a new term.  A copy
that somebody put back by hand carries none; it is known by the count of signed policies, which is kept beside the database too, with
the highest term: a clock that was set back names one that was there before (simulate 1637).
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from gateway.broker.credentials import write_private
from gateway.core.clearing import Domain, restored
from gateway.facts.export import begin_era
from gateway.shell.store import Store
from venue_model.moments import S
from venue_model.venue import Venue

MARK = "restored"
SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class Highest:
    """How many policies were ever signed here, in what term the newest, and by which incarnation of the gateway."""

    signed: int = 0
    term: int = 0
    epoch: int = 0


def highest(store: Store) -> Highest:
    """What this database knows of it."""
    term = max((domain.term for domain in store.domains().values()), default=0)
    return Highest(int(store.setting(SIGNED) or 0), term, int(store.setting("epoch") or 0))


class HighWater:
    """The highest that ever was, in a file beside the database that no backup of the database takes along."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Highest:
        """What was kept; nothing where there is none yet.  A file that cannot be read counts as more than any database knows."""
        try:
            numbers = [int(word) for word in self.path.read_text("ascii").split()]
            return Highest(*numbers) if numbers else Highest(2**53)  # the first release kept the count alone
        except FileNotFoundError:
            return Highest()
        except (OSError, ValueError, TypeError):
            return Highest(2**53)

    def rise(self, to: Highest) -> None:
        """Keep it, durably.  After the database's commit, and before the first of these policies is sent."""
        write_private(self.path, f"{to.signed} {to.term} {to.epoch}\n")


def back_up(database: Path, copy: Path) -> None:
    """Copy the venue database to a new file, marked as a copy.  The venue may run meanwhile.

    Raises FileExistsError rather than replace a file, and FileNotFoundError when there is no database.
    """
    if not database.exists():
        raise FileNotFoundError(f"{database}: there is no venue database; name the gateway's data folder in its configuration")
    if copy.exists():
        raise FileExistsError(f"{copy}: exists already; name a new file")
    source = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
    target = sqlite3.connect(copy)
    try:
        source.backup(target)
        with target:
            target.execute("INSERT OR REPLACE INTO setting VALUES (?, '1')", (MARK,))
    finally:
        target.close()
        source.close()


def begin_anew(store: Store, venue: Venue, utc_ns: int, known: Highest = Highest()) -> bool:
    """In a database that is a copy: put every domain into a new term, CLEAR, the seal assumed set.  True when it was one.

    `known`: the highest of the database that was here last.  A lower count in this one tells an older copy.  When it is True, keep
    `highest(store)` before anything is sent.

    Doors that are away cannot be asked for their highest term, and the machine may be a new one: so the new term is above the last one
    that is known here and above the clock's seconds.  Terms are small numbers, or the seconds of a former restore.
    """
    own = highest(store)
    if store.setting(MARK) is None and own.signed >= known.signed:
        return False
    floor = max(utc_ns // S, known.term, own.term)
    domains = store.domains()
    with store.transaction():
        begin_era(store)
        for component in venue.components:
            store.save_domain(restored(domains.get(component, Domain(component)), floor))
        lost_from_utc_ns = store.newest_received_utc_ns()  # what only the lost database knew: the gateway's own lines from here to now
        store.own_line("restored", {"term_floor": floor, "signed": own.signed, "lost_from_utc_ns": lost_from_utc_ns}, utc_ns)
        store.set_setting(SIGNED, str(max(own.signed, known.signed)))
        store.forget_setting(MARK)
    return True
