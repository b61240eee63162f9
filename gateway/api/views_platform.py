"""The trading platform: how the exchange goes, dead letters, and the platform's own calls, which are signed and need no session."""

from typing import Any

from fastapi import APIRouter, Request

from gateway.api import models as m
from gateway.api.errors import ApiError
from gateway.api.services import services
from gateway.shell.coordinator import clock
from gateway.shell.platform_desk import CallMalformed, CallRefused
from gateway.trading.outbox import DeadLetter

MAX_CALL_BYTES = 256 << 10
# What a call holds is read after its signature, so the document says it here (docs/platform.md has the fields).
_CALL: dict[str, Any] = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}, "required": True}}


router = APIRouter(prefix="/api/v1/platform")


@router.get("")
async def get_platform(request: Request) -> m.PlatformOut:
    """The exchange now, with what was rejected and what was doubtful."""
    s = services(request)
    s.accounts.need(request, "staff", "integrator")
    desk = s.platform
    health, calls = desk.health, desk.calls
    return m.PlatformOut(
        kind=desk.kind, ok=health.away_since_utc_ns is None, away_since_utc_ns=health.away_since_utc_ns, detail=health.last_error,
        pulled_utc_ns=desk.sync.pulled_utc_ns if desk.sync else None, waiting=health.waiting, oldest_utc_ns=health.oldest_utc_ns,
        apart=health.apart, dead=health.dead,
        calls=m.CallsOut(
            taken=calls.taken, refused=calls.refused, refused_utc_ns=calls.refused_utc_ns, refused_why=calls.refused_why
        ),
        notices=[m.NoticeOut(kind=one.kind, ref=one.ref, text=one.text, utc_ns=one.utc_ns) for one in desk.notices()],
    )  # fmt: skip


@router.get("/letters")
async def get_letters(request: Request) -> list[m.LetterOut]:
    """What the platform will not take, with its reason: dead letters, and what is set apart and still tried."""
    s = services(request)
    s.accounts.need(request, "staff", "integrator")
    dead, apart = s.platform.letters()
    return [_letter(letter, "dead") for letter in dead] + [_letter(letter, "apart") for letter in apart]


@router.post("/resend")
async def resend(request: Request, body: m.ResendIn) -> m.PutBackOut:
    """Try dead letters once more, after somebody has mended the cause."""
    s = services(request)
    account = s.accounts.need(request, "staff", "integrator")
    return m.PutBackOut(count=s.platform.resend(body.keys, account.id, clock()))


@router.post("/events", openapi_extra=_CALL)
async def hear(request: Request) -> m.HeardOut:
    """The platform says that there is news, and may bring phase events.  Signed as every exchange is; a call that is forged, older than
    five minutes, repeated, or for another venue is refused with 401 and has no effect."""
    s = services(request)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_CALL_BYTES:
            raise ApiError(413, "too-large", "报文过大", f"a call holds at most {MAX_CALL_BYTES >> 10} KiB")
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    try:
        heard = s.platform.hear(request.method, path, request.headers, bytes(body), clock())
    except CallRefused as refused:
        raise ApiError(401, "platform-call", "平台报文未通过验证", str(refused)) from None
    except CallMalformed as malformed:
        raise ApiError(422, "bad-input", "平台报文无法识别", str(malformed)) from None
    return m.HeardOut(
        new=heard.new, known=heard.known, rejected=[m.RejectedEventOut(event=event, why=why) for event, why in heard.rejected]
    )


def _letter(letter: DeadLetter, state: Any) -> m.LetterOut:
    body = letter.item.body
    return m.LetterOut(
        key=letter.item.key, kind=letter.item.kind, lot=str(body.get("lot") or ""), project=str(body.get("project") or ""),
        created_utc_ns=letter.item.created_utc_ns, state=state, attempts=letter.attempts, why=letter.why,
    )  # fmt: skip
