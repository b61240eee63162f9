"""The boards' certificates as people and boards work with them: admit, renew, shut out.  Every act is a line of the journal.

What the broker must know is told to it once for many changes: a hall of boards that comes to life would reload it a hundred times.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes

from gateway.broker.credentials import GATEWAY, PROBE, Certified, write_private
from gateway.pki import ca
from gateway.pki.own import SERVER, OwnCertificates
from gateway.pki.register import Issued, Register
from gateway.pki.renewal import rule
from gateway.pki.store import (
    Clock,
    PkiError,
    certificate_pem,
    key_pem,
    load_or_create_authority,
    new_key,
    read_certificate,
    utc_now,
)
from venue_model.certificates import BOARD_LIFE, CertificateError, requested_key, serial_text
from venue_model.ids import BoardId
from venue_model.moments import Now
from venue_model.wire import Certificate, Renewal

log = logging.getLogger(__name__)
IDENTITY, AUTHORITY = "identity.pem", "ca.pem"  # in a commissioning folder: first key and certificate, and whom to believe
RELOAD_AFTER_S = 0.2
LOOK_S = 3_600.0
Note = Callable[[str, dict[str, Any], Now], None]


class PkiDesk:
    """One venue's certificates.  `boards` is the folder of commissioning folders."""

    def __init__(self, register: Register, own: OwnCertificates, boards: Path) -> None:
        self.register = register
        self.own = own
        self._boards = boards
        # Where the desk's doings go, set when those are there.
        self.note: Note = lambda kind, body, now: None
        self.send: Callable[[BoardId, Certificate], None] = lambda board, message: None
        self.reload: Callable[[], Awaitable[None]] = _nothing
        self.cut: Callable[[str], Awaitable[None]] = _nobody
        self.gone: Callable[[BoardId], None] = lambda board: None
        self.own_renewed: Callable[[], Awaitable[None]] = _nothing
        self._changed = False  # the broker does not know yet
        self._answers: list[Callable[[], None]] = []  # that wait until it does
        self._telling: asyncio.Task[None] | None = None
        self._complained: dict[BoardId, str] = {}

    # what others read

    @property
    def certified(self) -> Certified:
        """What the broker needs."""
        own = self.own
        return Certified(
            own.authority_path, own.path(SERVER), self.register.crl_path, self._identities, own.context, own.stand_in
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the authority's certificate, as browsers show it."""
        return self.register.authority.certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def authority_pem(self) -> str:
        """The authority's certificate, for anybody."""
        return certificate_pem(self.register.authority.certificate)

    @property
    def settled(self) -> bool:
        """True while the broker knows all that there is to know."""
        return self._telling is None or self._telling.done()

    def folder(self, board: BoardId) -> Path:
        """The board's commissioning folder."""
        return self._boards / board

    def _identities(self) -> dict[str, tuple[str, ...]]:
        own = {name: (ca.identity(read_certificate(self.own.path(name)).serial_number),) for name in (GATEWAY, PROBE)}
        return self.register.identities() | own

    # acts

    def commission(self, board: BoardId) -> None:
        """Make the first certificate of a board that never had one, or whose folder waits so long that it runs out."""
        held = self.register.certificates(board)
        waiting = [issued for issued in held if issued.first and issued.counts(self.register.clock())]
        if not held or (waiting and waiting[-1] is held[-1] and self._runs_out(waiting[-1])):
            self._write_first(board)

    async def admit(self, board: BoardId, by: str, now: Now) -> None:
        """Let a board in, also one that was shut out: what it held before ends, and its folder gets a new first certificate.

        Raises PkiError while the gateway's clock is not set.
        """
        self.note("board-admitted", {"board": board, "by": by}, now)
        await self._end_all(board)
        self._write_first(board)
        await self.reload()

    async def revoke(self, board: BoardId, by: str, reason: str, now: Now) -> int:
        """Shut a board out: all its certificates, its open connection, whatever it copied.  How many certificates ended."""
        self.note("board-revoked", {"board": board, "by": by, "reason": reason}, now)
        return await self._end_all(board)

    async def _end_all(self, board: BoardId) -> int:
        ended = self.register.revoke(issued.serial for issued in self.register.live(board))
        (self.folder(board) / IDENTITY).unlink(missing_ok=True)
        await self.reload()  # first deaf and mute …
        await self.cut(board)  # … then off
        self.gone(board)
        return ended

    def hear(self, board: BoardId, renewal: Renewal, now: Now) -> None:
        """A board has said which certificate it uses, and asks for its next."""
        try:
            used = self.register.adopt(board, renewal.certificate)
        except CertificateError as fault:
            self._complain(board, str(fault), now)
            return
        ruling = rule(self.register.certificates(board), used, self.register.clock())
        if ruling.superseded:
            self.register.revoke(ruling.superseded)
            (self.folder(board) / IDENTITY).unlink(missing_ok=True)  # its first key has done what it was for
            self._tell_broker_soon()
        if ruling.refused:
            self._complain(board, ruling.refused, now)
        if ruling.issue:
            self._issue(board, renewal.request, now)

    def _issue(self, board: BoardId, request: str, now: Now) -> None:
        try:
            key = requested_key(request, board)
            known = self.register.issued_for(board, key)
            certificate = known or self.register.issue(board, key)
        except (CertificateError, PkiError) as fault:
            self._complain(board, str(fault), now)
            return
        self._complained.pop(board, None)
        if known is not None:
            self.send(board, Certificate(certificate_pem(known)))
            return
        until = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
        self.note("certificate", {"board": board, "serial": serial_text(certificate), "until": until}, now)
        self._answers.append(lambda: self.send(board, Certificate(certificate_pem(certificate))))
        self._tell_broker_soon()

    def _complain(self, board: BoardId, fault: str, now: Now) -> None:
        """Once for each fault, not for each time that a board asks."""
        if self._complained.get(board) != fault:
            self._complained[board] = fault
            log.warning("agent=%s certificate refused: %s", board, fault)
            self.note("alarm", {"code": "certificate-refused", "agent": board, "detail": fault}, now)

    def _tell_broker_soon(self) -> None:
        self._changed = True
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_broker(), name="broker learns certificates")

    async def _tell_broker(self) -> None:
        while self._changed:
            await asyncio.sleep(RELOAD_AFTER_S)
            answers, self._answers, self._changed = self._answers, [], False
            await self.reload()
            for answer in answers:
                answer()

    def _write_first(self, board: BoardId) -> None:
        """A folder that lets one board in, once."""
        key = new_key()
        certificate = self.register.issue(board, key.public_key(), first=True)
        write_private(self.folder(board) / AUTHORITY, self.authority_pem)
        write_private(self.folder(board) / IDENTITY, key_pem(key) + certificate_pem(certificate))

    async def look_after_own(self) -> None:
        """Renew the gateway's own certificates when they are due, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                if renewed := self.own.renew():
                    log.info("renewed: %s", ", ".join(renewed))
                    await self.own_renewed()
            except (PkiError, OSError) as fault:
                log.error("own certificates: %s", fault)

    async def close(self) -> None:
        """Leave nothing behind."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)

    def _runs_out(self, issued: Issued) -> bool:
        return issued.until - self.register.clock() < BOARD_LIFE / 3


async def _nothing() -> None:
    """Before the broker is there, nobody needs to be told."""


async def _nobody(_: str) -> None:
    """Before the broker is there, nobody is connected."""


def open_desk(keys: Path, boards: Path, venue: str, hosts: Iterable[str], clock: Clock = utc_now) -> PkiDesk:
    """The desk over the folder `keys`, with the authority made on first use and the gateway's own certificates fresh.

    Raises PkiError, which names the way out.
    """
    authority = load_or_create_authority(keys, venue, clock())
    own = OwnCertificates(keys, authority, hosts, clock)
    own.renew()
    return PkiDesk(Register(keys, authority, clock), own, boards)
