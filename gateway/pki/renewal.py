"""What a board's report about its certificate means: which of its certificates end with it, and whether it gets a new one.  Pure."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.pki.register import Issued
from venue_model.certificates import BOARD_LIFE

DAILY = 8  # certificates of one board in a day: a board that asks without end must not fill the disk


@dataclass(frozen=True, slots=True)
class Ruling:
    """`superseded` are revoked: the board has shown a newer one.  `refused` says why a due certificate is not issued."""

    superseded: tuple[int, ...] = ()
    issue: bool = False
    refused: str = ""


def rule(certificates: Sequence[Issued], serial: int, now: datetime.datetime) -> Ruling:
    """What follows when a board that holds `certificates`, oldest first, says that it uses number `serial`.

    The broker has let it in, so it has some certificate of its own name that counts.  Which one is the board's word alone: with a false
    word it can end what is older than a certificate that it really has been issued, its own, and nothing of anybody else's.
    """
    used = next((issued for issued in certificates if issued.serial == serial), None)
    if used is None or not used.counts(now):
        return Ruling()
    superseded = tuple(issued.serial for issued in certificates if issued.serial < used.serial and issued.counts(now))
    newest = certificates[-1].serial
    if not used.first and used.until - now >= BOARD_LIFE / 3:
        return Ruling(superseded)
    today = sum(1 for issued in certificates if issued.until > now + BOARD_LIFE - datetime.timedelta(days=1))
    if today > DAILY:
        return Ruling(superseded, refused=f"{today} certificates within a day, the newest {newest:x}; shut the board out and look at it")
    return Ruling(superseded, issue=True)
