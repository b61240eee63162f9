"""The interfaces that the stand-in offers over one book: how each knows its caller, signs its answers, and says what it has to say."""

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.trading import province_sign
from gateway.trading.signature import NONCE, SignatureRefused, sign_answer, verify_request
from simulation.platform import province_wire, wire
from simulation.platform.behaviour import Wrong, spoil
from simulation.platform.book import CursorGone
from simulation.platform.stand_in import StandIn
from venue_model.moments import MS

PROVINCE_CLIENT = "bidhall-venue"
Answer = tuple[int, Any]  # status, content


class Face(Protocol):
    """One interface."""

    def know(self, stand_in: StandIn, method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
        """Raise SignatureRefused for a caller who is not the venue."""

    def sign(self, stand_in: StandIn, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """The headers of an answer to a request with `headers`."""

    def changes(self, stand_in: StandIn, cursor: str, limit: int) -> Answer:
        """A page of the feed."""

    def take(self, stand_in: StandIn, body: bytes) -> Answer:
        """A push."""


class RestFace:
    """The REST interface."""

    def know(self, stand_in: StandIn, method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
        """As `Face` says."""
        verify_request(stand_in.token, method, path, headers, body, stand_in.now_utc_ns(), stand_in.nonces)

    def sign(self, stand_in: StandIn, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """As `Face` says."""
        return sign_answer(stand_in.token, status, headers[NONCE], body)

    def changes(self, stand_in: StandIn, cursor: str, limit: int) -> Answer:
        """As `Face` says."""
        try:
            page = stand_in.book.page(cursor, limit)
        except CursorGone:
            return 410, {"MESSAGE": "游标已失效，请从头同步 / cursor is gone, start over"}
        page = spoil(page, stand_in.behaviour.wrong, stand_in.book.newest())
        return 200, wire.page_record(page, cursor or stand_in.book.start())

    def take(self, stand_in: StandIn, body: bytes) -> Answer:
        """As `Face` says."""
        return _taken(stand_in, body, wire.read_items, wire.verdict_records) or (400, {"MESSAGE": "请求有误 / bad request"})


@dataclass
class ProvinceFace:
    """The provincial interface: HTTP 200 always, the code in an envelope."""

    rooms_out_of_use: list[str] = field(default_factory=list)

    def know(self, stand_in: StandIn, method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
        """As `Face` says.  Its window is wider, and a nonce is good once."""
        client, stamp, nonce, signed = (
            headers.get(name, "")
            for name in (province_sign.CLIENT, province_sign.TIMESTAMP, province_sign.NONCE, province_sign.SIGNATURE)
        )
        sent_ns = int(stamp) * MS if stamp.isdigit() else 0
        wanted = province_sign.request_headers(client, stand_in.token, body, sent_ns, nonce)[province_sign.SIGNATURE]
        now_utc_ns = stand_in.now_utc_ns()
        if client != PROVINCE_CLIENT or not hmac.compare_digest(signed.encode(), wanted.encode()):
            raise SignatureRefused("unknown client or wrong signature")
        if abs(now_utc_ns - sent_ns) > province_sign.WINDOW_MS * MS:
            raise SignatureRefused("timestamp is too far from this clock")
        if not stand_in.nonces.first_time(nonce, sent_ns // (1000 * MS), now_utc_ns // (1000 * MS)):
            raise SignatureRefused("nonce was used before")

    def sign(self, stand_in: StandIn, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """As `Face` says."""
        return province_sign.answer_headers(stand_in.token, status, headers[province_sign.NONCE], body)

    def changes(self, stand_in: StandIn, cursor: str, limit: int) -> Answer:
        """As `Face` says."""
        try:
            page = stand_in.book.page(cursor, limit)
        except CursorGone:
            return 200, {"code": 410, "msg": "数据键已失效", "data": None}
        page = spoil(page, stand_in.behaviour.wrong, stand_in.book.newest())
        return 200, {"code": 200, "msg": "", "data": province_wire.page_data(page, self.rooms_out_of_use)}

    def take(self, stand_in: StandIn, body: bytes) -> Answer:
        """As `Face` says."""
        taken = _taken(stand_in, body, province_wire.read_rows, province_wire.verdict_rows)
        if taken is None:
            return 200, {"code": 400, "msg": "请求有误", "data": None}
        return taken[0], {"code": taken[0], "msg": "", "data": taken[1]}


def _taken(stand_in: StandIn, body: bytes, read: Callable[[bytes], Any], told: Callable[[Any], Any]) -> Answer | None:
    """The answer to a push; None when it is not of the form, or the stand-in says so."""
    try:
        items = read(body)
    except (ValueError, KeyError, TypeError, AttributeError, json.JSONDecodeError):
        return None
    if stand_in.behaviour.wrong is Wrong.BAD_REQUEST and len(items) > 1:
        return None
    if stand_in.behaviour.wrong is Wrong.POISON and any(item.key.startswith("poison") for item in items):
        return 500, None
    return 200, told(stand_in.book.take(items))
