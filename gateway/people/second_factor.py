"""The second factor: six digits that change every half minute (RFC 6238), and ten codes on paper for the day the phone is lost."""

import hashlib
import io
import secrets
from dataclasses import dataclass

import pyotp
import segno

from gateway.people.account_book import AccountBook, Record
from gateway.people.secret_box import SecretBox
from venue_model.moments import S

STEP_S = 30
EITHER_SIDE = 1  # steps that a phone's clock may be off
RECOVERY_CODES = 10


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What its owner is shown, once."""

    secret: str
    uri: str
    svg: str  # the URI as a QR code


class SecondFactors:
    """Sets up, checks and takes away second factors."""

    def __init__(self, book: AccountBook, box: SecretBox, issuer: str) -> None:
        self.book = book
        self.box = box
        self.issuer = issuer

    def begin(self, account: str) -> Enrolment:
        """A new secret; it counts once its owner has shown a code."""
        secret = pyotp.random_base32()
        self.book.change(account, totp_sealed=self.box.seal(secret, account), totp_on=0, totp_step=0)
        uri = pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=account, issuer_name=self.issuer)
        picture = io.BytesIO()
        segno.make(uri, error="m").save(picture, kind="svg", scale=5, border=3, xmldecl=False, svgns=True)
        return Enrolment(secret, uri, picture.getvalue().decode())

    def finish(self, record: Record, code: str, now_utc_ns: int) -> list[str] | None:
        """Turn it on with the first code; the recovery codes, shown this once.  None when the code is wrong."""
        if not record.totp_sealed or not self._code_fits(record, code, now_utc_ns):
            return None
        codes = [_paper_code() for _ in range(RECOVERY_CODES)]
        self.book.change(record.id, totp_on=1)
        self.book.set_recovery_codes(record.id, {_digest(code) for code in codes})
        return codes

    def shown(self, record: Record, code: str, now_utc_ns: int) -> bool:
        """Is this the second factor of this account now?  A code is good once, on paper or not."""
        if not record.totp_on:
            return False
        if self._code_fits(record, code, now_utc_ns):
            return True
        left = self.book.recovery_codes(record.id)
        if (used := _digest(code)) not in left:
            return False
        self.book.set_recovery_codes(record.id, left - {used})
        return True

    def take_away(self, account: str) -> None:
        """From now on the account has none."""
        self.book.change(account, totp_sealed="", totp_on=0, totp_step=0)
        self.book.set_recovery_codes(account, set())

    def _code_fits(self, record: Record, code: str, now_utc_ns: int) -> bool:
        totp = pyotp.TOTP(self.box.open(record.totp_sealed, record.id), interval=STEP_S)
        now = now_utc_ns // (STEP_S * S)
        for step in range(now - EITHER_SIDE, now + EITHER_SIDE + 1):
            if step > record.totp_step and secrets.compare_digest(totp.generate_otp(step).encode(), code.strip().encode()):
                self.book.change(record.id, totp_step=step)
                return True
        return False


def _paper_code() -> str:
    """80 bits in four groups that a person can copy."""
    text = pyotp.random_base32()[:16].lower()
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


def _digest(code: str) -> str:
    """Groups and capitals do not matter."""
    return hashlib.sha256("".join(c for c in code.lower() if c.isalnum()).encode()).hexdigest()
