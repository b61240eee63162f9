"""Who is signed in.  A session outlives the gateway, so that a restart in the middle of an opening signs nobody out.

Only the hash of its cookie is stored.  It ends by signing out, by a security administrator's hand, after a working day, or when nobody
has used it for a while.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace

from gateway.shell.store import Store
from venue_model.moments import S

LONGEST_S = 12 * 3600  # a working day
SEEN_EVERY_S = 60  # how often "last used" is written down: not with every request


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in."""

    sha256: str
    account: str
    began_utc_ns: int
    seen_utc_ns: int
    second_utc_ns: int
    place: str

    @property
    def id(self) -> str:
        """A name for lists: says nothing about the cookie."""
        return self.sha256[:16]


class Sessions:
    """All sessions, in memory and in the database.  `idle_s`: so long may one lie unused."""

    def __init__(self, store: Store, idle_s: int) -> None:
        self.sql = store.sql
        self.idle_s = idle_s
        rows = self.sql.execute("SELECT sha256, account, began_utc_ns, seen_utc_ns, second_utc_ns, place FROM web_session")
        self._known = {row[0]: Session(*row) for row in rows}
        self._written = {key: session.seen_utc_ns for key, session in self._known.items()}

    def begin(self, account: str, second: bool, place: str, now_utc_ns: int) -> str:
        """A new session; its cookie."""
        self._sweep(now_utc_ns)
        cookie = secrets.token_urlsafe(32)
        self._keep(Session(_digest(cookie), account, now_utc_ns, now_utc_ns, now_utc_ns if second else 0, place))
        return cookie

    def find(self, cookie: str | None, now_utc_ns: int) -> Session | None:
        """The session of a cookie, while it lasts.  Does not count as use."""
        session = self._known.get(_digest(cookie)) if cookie else None
        if session is not None and self._over(session, now_utc_ns):
            self._drop(session)
            return None
        return session

    def use(self, session: Session, now_utc_ns: int) -> None:
        """Somebody has asked for something."""
        used = replace(session, seen_utc_ns=now_utc_ns)
        if abs(now_utc_ns - self._written.get(session.sha256, 0)) >= SEEN_EVERY_S * S:
            self._keep(used)
        else:
            self._known[session.sha256] = used

    def confirm(self, session: Session, now_utc_ns: int) -> None:
        """The second factor was shown."""
        self._keep(replace(session, seen_utc_ns=now_utc_ns, second_utc_ns=now_utc_ns))

    def of(self, account: str | None = None) -> list[Session]:
        """The sessions of one account, or all; the newest first."""
        found = (s for s in self._known.values() if account is None or s.account == account)
        return sorted(found, key=lambda s: -s.began_utc_ns)

    def end(self, id: str) -> Session | None:
        """End the session with this id; None when there is none."""
        found = next((s for s in self._known.values() if s.id == id), None)
        if found is not None:
            self._drop(found)
        return found

    def end_all(self, account: str | None = None, but: str = "") -> None:
        """End every session of an account, or of everybody; `but`: the id of one to keep."""
        for session in self.of(account):
            if session.id != but:
                self._drop(session)

    def _over(self, session: Session, now_utc_ns: int) -> bool:
        return now_utc_ns - session.began_utc_ns > LONGEST_S * S or now_utc_ns - session.seen_utc_ns > self.idle_s * S

    def _sweep(self, now_utc_ns: int) -> None:
        for session in [s for s in self._known.values() if self._over(s, now_utc_ns)]:
            self._drop(session)

    def _keep(self, session: Session) -> None:
        self._known[session.sha256] = session
        self._written[session.sha256] = session.seen_utc_ns
        self.sql.execute(
            "INSERT OR REPLACE INTO web_session VALUES (?, ?, ?, ?, ?, ?)",
            (session.sha256, session.account, session.began_utc_ns, session.seen_utc_ns, session.second_utc_ns, session.place),
        )

    def _drop(self, session: Session) -> None:
        self._known.pop(session.sha256, None)
        self._written.pop(session.sha256, None)
        self.sql.execute("DELETE FROM web_session WHERE sha256 = ?", (session.sha256,))


def _digest(cookie: str) -> str:
    """SHA-256 is enough: the cookie itself is 256 random bits."""
    return hashlib.sha256(cookie.encode()).hexdigest()
