"""Certificates of boards, and the authority that browsers and boards trust."""

from pydantic import BaseModel, Field

from gateway.api.models.words import NameOut
from gateway.pki.register import Standing


class BoardCertificateOut(BaseModel):
    """One board.  `until_utc_ns` and `serial` are those of its newest certificate; null: it never had one."""

    board: str
    name: NameOut
    standing: Standing
    serial: str | None
    until_utc_ns: int | None
    revoked_utc_ns: int | None
    folder: str  # of the gateway's data folder: what is copied to the board


class CertificatesOut(BaseModel):
    """`broker_tls` false: boards log in by password, which only a broker of this machine alone allows; there are no boards here then."""

    broker_tls: bool
    web_tls: bool
    fingerprint: str | None  # SHA-256 of the authority's certificate, as browsers show it; null: nothing here speaks TLS
    authority_until_utc_ns: int | None
    server_until_utc_ns: int | None
    boards: list[BoardCertificateOut]


class RevokeIn(BaseModel):
    """Why a board is shut out, for the journal."""

    reason: str = Field(min_length=1, max_length=200)
