"""A copy of the venue database while the venue runs, and what a gateway does that wakes up in such a copy.

A copy is older than what the doors hold.  A gateway that went on from it would sign numbers a second time, with other content
(mutant `gwrollback` of the search in `simulation.proof`).  So the copy carries a mark, and whoever opens it begins a new term.
"""

import sqlite3
from pathlib import Path

from gateway.core.clearing import Domain, restored
from gateway.shell.store import Store
from venue_model.moments import S
from venue_model.venue import Venue

MARK = "restored"


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


def begin_anew(store: Store, venue: Venue, utc_ns: int) -> bool:
    """In a database that is a copy: put every domain into a new term, CLEAR, the seal assumed set.  True when it was one.

    Doors that are away cannot be asked for their highest term, so the clock names one above all: terms are small numbers, or the
    seconds of a former restore.
    """
    if store.setting(MARK) is None:
        return False
    floor = utc_ns // S
    known = store.domains()
    with store.transaction():
        for component in venue.components:
            store.save_domain(restored(known.get(component, Domain(component)), floor))
        store.own_line("restored", {"term_floor": floor}, utc_ns)
        store.forget_setting(MARK)
    return True
