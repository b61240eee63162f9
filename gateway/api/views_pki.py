"""Certificates: which board holds what, shut one out, admit it again, and the authority for everybody's browser."""

import datetime
import html

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from gateway.api import models as m
from gateway.api.errors import ApiError, not_found
from gateway.api.services import Services, services
from gateway.pki.desk import PkiDesk
from gateway.pki.own import SERVER
from gateway.pki.register import standing
from gateway.pki.store import PkiError
from gateway.shell.coordinator import clock
from gateway.shell.view import named
from venue_model.ids import BoardId
from venue_model.moments import S

_AUTHORITY_PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>标厅 根证书 bidhall authority</title><style>body{{font:16px/1.6 sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}}
code{{word-break:break-all}}</style>
<h1>场地根证书 The venue's authority</h1>
<p>首次使用时把它装进浏览器所在的电脑:下载,双击,放入“受信任的根证书颁发机构”;手机在“安全-加密与凭据”里安装。</p>
<p>Install it once on each computer: download, open, and place it among the trusted root authorities.</p>
<p><a href="/ca.crt" download>下载 Download ca.crt</a></p>
<p>安装前请与值班人员核对指纹(SHA-256)Compare the fingerprint with the staff before you trust it:</p>
<p><code>{fingerprint}</code></p></html>"""


def _signed_in(request: Request) -> None:
    """Before the body is looked at: a stranger learns nothing about its shape."""
    services(request).accounts.need(request)


router = APIRouter(prefix="/api/v1", dependencies=[Depends(_signed_in)])
public = APIRouter(include_in_schema=False)


def _desk(s: Services) -> PkiDesk:
    if s.secured is None or s.secured.desk is None:
        raise ApiError(409, "no-tls", "网关只在本机监听,未启用证书", "nothing speaks TLS: the gateway listens on this machine alone")
    return s.secured.desk


def _board(s: Services, board: str) -> BoardId:
    desk = _desk(s)
    if s.secured is None or not s.secured.config.broker_tls or BoardId(board) not in {*s.coordinator.venue.boards, *desk.register.boards}:
        raise not_found(f"没有持证书的控制器 {board}", f"there is no board {board} that holds certificates")
    return BoardId(board)


@router.get("/certificates")
async def get_certificates(request: Request) -> m.CertificatesOut:
    """Every board's certificate, and the gateway's own."""
    s = services(request)
    s.accounts.need(request, "integrator")
    if s.secured is None or s.secured.desk is None:
        return m.CertificatesOut(
            broker_tls=False, web_tls=False, fingerprint=None, authority_until_utc_ns=None, server_until_utc_ns=None, boards=[]
        )
    desk, config = s.secured.desk, s.secured.config
    boards = {*s.coordinator.venue.boards, *desk.register.boards} if config.broker_tls else set()
    return m.CertificatesOut(
        broker_tls=config.broker_tls,
        web_tls=config.web_tls,
        fingerprint=desk.fingerprint,
        authority_until_utc_ns=_utc_ns(desk.register.authority.certificate.not_valid_after_utc),
        server_until_utc_ns=_utc_ns(desk.own.until(SERVER)),
        boards=[_board_out(s, desk, board) for board in sorted(boards)],
    )


@router.post("/agents/{board}/revoke", status_code=204)
async def revoke(request: Request, board: str, body: m.RevokeIn) -> None:
    """Shut a board out: all its certificates, its open connection, and every copy of its card."""
    s = services(request)
    account = s.accounts.need(request, "integrator")
    await _desk(s).revoke(_board(s, board), account.id, body.reason, clock())


@router.post("/agents/{board}/admit", status_code=204)
async def admit(request: Request, board: str) -> None:
    """Write a board's folder anew, with a first key; what it held before ends."""
    s = services(request)
    account = s.accounts.need(request, "integrator")
    found = _board(s, board)
    if found not in s.coordinator.venue.boards:
        raise ApiError(409, "not-in-venue", f"场地文件里没有控制器 {board}", f"the venue file has no board {board}: add it there first")
    try:
        await _desk(s).admit(found, account.id, clock())
    except PkiError as fault:
        raise ApiError(409, "no-certificate", f"无法签发证书:{fault}", str(fault)) from None


@public.get("/ca.crt")
async def authority_file(request: Request) -> Response:
    """The authority's certificate, for anybody."""
    pem = _desk(services(request)).authority_pem
    return Response(pem, media_type="application/x-x509-ca-cert", headers={"Content-Disposition": 'attachment; filename="bidhall-ca.crt"'})


@public.get("/ca")
async def authority_page(request: Request) -> HTMLResponse:
    """How a browser comes to trust the authority."""
    return HTMLResponse(_AUTHORITY_PAGE.format(fingerprint=html.escape(_desk(services(request)).fingerprint)))


def _board_out(s: Services, desk: PkiDesk, board: BoardId) -> m.BoardCertificateOut:
    held = desk.register.certificates(board)
    newest = held[-1] if held else None
    known = s.coordinator.venue.boards.get(board)
    return m.BoardCertificateOut(
        board=board,
        name=named(known.name) if known else m.NameOut(zh=board, en=board),
        standing=standing(held, desk.register.clock()),
        serial=f"{newest.serial:x}" if newest else None,
        until_utc_ns=_utc_ns(newest.until) if newest else None,
        revoked_utc_ns=_utc_ns(newest.revoked) if newest and newest.revoked else None,
        folder=f"boards/{board}",
    )


def _utc_ns(moment: datetime.datetime) -> int:
    return int(moment.timestamp()) * S
