"""A copy of the venue database while the venue runs, and what a gateway does that wakes up in such a copy.

A copy is older than what the doors hold.  A gateway that went on from it would sign numbers a second time, with other content
(mutant `gwrollback` of the search in `simulation.proof`).  So the copy carries a mark, and whoever opens it begins a new term.  A copy
that somebody put back by hand carries none; it is known by the count of signed policies, which is kept beside the database too.
"""

import sqlite3
from pathlib import Path

from gateway.broker.credentials import write_private
from gateway.core.clearing import Domain, restored
from gateway.facts.export import begin_era
from gateway.shell.store import Store
from venue_model.moments import S
from venue_model.venue import Venue

MARK = "restored"
SIGNED = "signed"


class HighWater:
    """How many policies were ever signed, in a file beside the database that no backup of the database takes along."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> int:
        """The count; 0 where there is none yet.  A file that cannot be read counts as higher than anything: then a new term begins."""
        try:
            return int(self.path.read_text("ascii"))
        except FileNotFoundError:
            return 0
        except (OSError, ValueError):
            return 2**62

    def rise(self, signed: int) -> None:
        """Keep the count, durably.  After the database's commit, and before the first of these policies is sent."""
        write_private(self.path, f"{signed}\n")


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


def begin_anew(store: Store, venue: Venue, utc_ns: int, high_water: int = 0) -> bool:
    """In a database that is a copy: put every domain into a new term, CLEAR, the seal assumed set.  True when it was one.

    `high_water`: how many policies were signed by the database that was here last; a lower count in this one tells an older copy.

    Doors that are away cannot be asked for their highest term, so the clock names one above all: terms are small numbers, or the
    seconds of a former restore.
    """
    signed = int(store.setting(SIGNED) or 0)
    if store.setting(MARK) is None and signed >= high_water:
        return False
    floor = utc_ns // S
    known = store.domains()
    with store.transaction():
        for component in venue.components:
            store.save_domain(restored(known.get(component, Domain(component)), floor))
        begin_era(store)
        store.own_line("restored", {"term_floor": floor, "signed": signed}, utc_ns)
        store.forget_setting(MARK)
    return True
