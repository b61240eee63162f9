"""Accounts of others, requests that wait for a second person, the watch list, the audit chain: what administrators and watchers do."""

from fastapi import APIRouter, Request

from gateway.api import models as m
from gateway.api.accounts import forbidden
from gateway.api.errors import ApiError, not_found
from gateway.api.services import Services, services
from gateway.api.views_session import session_out
from gateway.core.four_eyes import CONFIRMED_BY, Asked, AskKind, decide_confirm
from gateway.core.rights import ROLE_WORDS, Account, AccountRole, decide_act, project_within
from gateway.core.sign_in import rest_left_s
from gateway.core.watch_list import REASON_WORDS
from gateway.people.account_book import Limits, Record, limits_of
from gateway.people.account_desk import AccountDesk, Outcome
from venue_model.ids import PersonKey

router = APIRouter(prefix="/api/v1")
KIND_WORDS = {
    AskKind.OPEN: ("开户", "open an account"),
    AskKind.RIGHTS: ("变更权限", "change rights"),
    AskKind.RESET: ("重置密码与二次验证", "reset password and second factor"),
    AskKind.ENABLE: ("恢复账号", "enable an account again"),
    AskKind.EXPORT: ("导出证据", "export evidence"),
}


def _pair(words: tuple[str, str]) -> m.NameOut:
    return m.NameOut(zh=words[0], en=words[1])


def _desk(s: Services) -> AccountDesk:
    return AccountDesk(s.accounts.book, s.accounts.sessions, s.accounts.tokens, s.accounts.second, s.accounts.four_eyes, s.accounts.note)


def _told(outcome: Outcome) -> m.OutcomeOut:
    if (refusal := outcome.refusal) is not None:
        raise ApiError(404 if refusal.code == "not-found" else 409, refusal.code, refusal.why.zh, refusal.why.en)
    return m.OutcomeOut(done=outcome.asked is None, asked=outcome.asked, first_password=outcome.first_password)


@router.get("/accounts")
async def get_accounts(request: Request) -> list[m.AccountOut]:
    """Every account, without its secrets."""
    s = services(request)
    return [_account(s, record) for record in s.accounts.book.all()]


def _account(s: Services, record: Record) -> m.AccountOut:
    sessions = s.accounts.sessions.of(record.id)
    return m.AccountOut(
        account=record.id, role=record.role, role_name=_pair(ROLE_WORDS[record.role]),
        lots=_list(record.limits.lots), industries=_list(record.limits.industries), disabled=record.disabled,
        must_change=record.must_change, second_factor=record.totp_on, elsewhere=bool(record.issuer),
        rests_s=rest_left_s(record.wrongs, s.accounts.clock().utc_ns), sessions=len(sessions),
        seen_utc_ns=max((x.seen_utc_ns for x in sessions), default=None),
    )  # fmt: skip


def _list(words: tuple[str, ...] | None) -> list[str] | None:
    return None if words is None else list(words)


@router.post("/accounts", status_code=201)
async def open_account(request: Request, body: m.AccountIn) -> m.OutcomeOut:
    """Open an account.  One of a dangerous role waits for a second administrator; its first password is shown to whoever confirms."""
    s = services(request)
    account = s.accounts.need(request)
    return _told(_desk(s).open(body.account, body.role, _limits(s, body), account.id, s.accounts.clock()))


def _limits(s: Services, body: m.RightsIn) -> Limits:
    known = s.accounts.book.industries
    for name in body.industries or ():
        if name not in known:
            names = ", ".join(known) or "none"
            raise ApiError(
                409, "unknown-industry", f"没有行业 {name}", f"there is no industry {name}; gateway.toml [people.industries] has: {names}"
            )
    return Limits(None if body.lots is None else tuple(body.lots), None if body.industries is None else tuple(body.industries))


@router.post("/accounts/{account}/rights")
async def give_rights(request: Request, account: str, body: m.RightsIn) -> m.OutcomeOut:
    """Give an account a role and limits.  More of a dangerous role waits for a second administrator; less is done at once."""
    s = services(request)
    by = s.accounts.need(request)
    return _told(_desk(s).give(account, body.role, _limits(s, body), by.id, s.accounts.clock()))


@router.post("/accounts/{account}/reset")
async def reset(request: Request, account: str) -> m.OutcomeOut:
    """A new first password, and no second factor.  For a dangerous role a second administrator must confirm."""
    s = services(request)
    by = s.accounts.need(request)
    return _told(_desk(s).reset(account, by.id, s.accounts.clock()))


@router.post("/accounts/{account}/disable")
async def disable(request: Request, account: str) -> m.OutcomeOut:
    """Suspend an account at once: its sessions and tokens end."""
    s = services(request)
    by = s.accounts.need(request)
    return _told(_desk(s).disable(account, by.id, s.accounts.clock()))


@router.post("/accounts/{account}/enable")
async def enable(request: Request, account: str) -> m.OutcomeOut:
    """Take a suspended account up again; for a dangerous role a second administrator must confirm."""
    s = services(request)
    by = s.accounts.need(request)
    return _told(_desk(s).enable(account, by.id, s.accounts.clock()))


@router.get("/accounts/{account}/sessions")
async def get_account_sessions(request: Request, account: str) -> list[m.OpenSessionOut]:
    """Where an account is signed in."""
    s = services(request)
    return [session_out(x, s.accounts.session(request)) for x in s.accounts.sessions.of(account)]


@router.delete("/accounts/{account}/sessions", status_code=204)
async def end_account_sessions(request: Request, account: str) -> None:
    """Sign an account out everywhere."""
    s = services(request)
    by = s.accounts.need(request)
    _told(_desk(s).sign_out(account, by.id, s.accounts.clock()))


# four eyes


@router.get("/requests")
async def get_requests(request: Request) -> list[m.AskedOut]:
    """What waits for a second person: what one has asked for oneself, and what one may confirm."""
    s = services(request)
    account = s.accounts.need(request)
    now = s.accounts.clock().utc_ns
    waiting = [(asked, _may_confirm(s, account, asked)) for asked in s.accounts.four_eyes.waiting(now)]
    return [_asked(asked, account, may) for asked, may in waiting if may or asked.asked_by == account.id]


def _may_confirm(s: Services, account: Account, asked: Asked) -> bool:
    now = s.accounts.clock().utc_ns
    refused = decide_act(account, CONFIRMED_BY[asked.kind], None, now)
    allowed = refused is None or refused.code == "second-factor"  # that can be shown when it comes to it
    return allowed and decide_confirm(asked, account.id, now) is None and _within(s, account, asked)


def _within(s: Services, account: Account, asked: Asked) -> bool:
    return asked.kind is not AskKind.EXPORT or project_within(account.limit, asked.subject.partition(" ")[0], s.coordinator.day)


def _asked(asked: Asked, account: Account, confirmable: bool) -> m.AskedOut:
    role, limits = asked.body.get("role"), limits_of(asked.body)
    return m.AskedOut(
        id=asked.id, kind=asked.kind, name=_pair(KIND_WORDS[asked.kind]), subject=asked.subject, asked_by=asked.asked_by,
        asked_utc_ns=asked.asked_utc_ns, until_utc_ns=asked.until_utc_ns, role=AccountRole(str(role)) if role else None,
        lots=_list(limits.lots), industries=_list(limits.industries), mine=asked.asked_by == account.id, confirmable=confirmable,
    )  # fmt: skip


@router.post("/requests/{asked}/confirm")
async def confirm(request: Request, asked: str) -> m.OutcomeOut:
    """Confirm what another person has asked for."""
    s = services(request)
    account = s.accounts.need(request)
    found = _find(s, account, asked)
    now = s.accounts.clock()
    if refusal := decide_act(account, CONFIRMED_BY[found.kind], None, now.utc_ns):
        raise forbidden(refusal)
    return _told(_desk(s).confirm(found, account.id, now))


@router.delete("/requests/{asked}", status_code=204)
async def drop(request: Request, asked: str) -> None:
    """Take back what one has asked for, or turn down what one might confirm."""
    s = services(request)
    account = s.accounts.need(request)
    _told(_desk(s).drop(_find(s, account, asked), account.id, s.accounts.clock()))


def _find(s: Services, account: Account, id: str) -> Asked:
    """A request that this account has asked for, or whose kind it may confirm; what others wait for is not told."""
    found = s.accounts.four_eyes.find(id)
    now = s.accounts.clock().utc_ns
    if found is not None and _within(s, account, found):
        refused = decide_act(account, CONFIRMED_BY[found.kind], None, now)
        if found.asked_by == account.id or refused is None or refused.code == "second-factor":
            return found
    raise not_found(f"没有申请 {id}", f"there is no request {id} for you")


@router.post("/projects/{project}/packages/{seal}/release", status_code=201)
async def ask_release(request: Request, project: str, seal: int) -> m.OutcomeOut:
    """Ask that a package may be taken away: another person must release it (where the venue wants that)."""
    s = services(request)
    account = s.accounts.need(request)
    if all(row.seal != seal for row in s.index.packages(project)):
        raise not_found(f"项目 {project} 没有第 {seal} 次封装", f"project {project} has no package {seal}")
    return _told(_desk(s).ask_export(project, seal, account.id, s.accounts.clock()))


# the watch list


@router.get("/watch-list")
async def get_watch_list(request: Request) -> list[m.WatchOut]:
    """The watch and avoidance lists; the look is on record."""
    s = services(request)
    account = s.accounts.need(request)
    return [
        m.WatchOut(
            id=e.id, person=e.person, avoids=e.avoids, reason=e.reason, reason_name=_pair(REASON_WORDS[e.reason]), by=e.by,
            from_utc_ns=e.from_utc_ns, until_utc_ns=e.until_utc_ns,
        )
        for e in s.coordinator.people.look(account.id, s.accounts.clock())
    ]  # fmt: skip


@router.post("/watch-list", status_code=201)
async def put_on_watch_list(request: Request, body: m.WatchIn) -> m.CreatedOut:
    """Put somebody on a list: a quiet alarm for supervisors and witnesses when they come.  No door asks for it."""
    s = services(request)
    account = s.accounts.need(request)
    if body.avoids == body.person:
        raise ApiError(409, "pair", "不能与自己回避", "nobody can avoid themselves; name two people")
    avoids = PersonKey(body.avoids) if body.avoids else None
    return m.CreatedOut(
        id=s.coordinator.people.put(PersonKey(body.person), avoids, body.reason, body.days, account.id, s.accounts.clock())
    )


@router.delete("/watch-list/{entry}", status_code=204)
async def take_off_watch_list(request: Request, entry: str) -> None:
    """Take somebody off a list before its time."""
    s = services(request)
    account = s.accounts.need(request)
    if not s.coordinator.people.take_off(entry, account.id, s.accounts.clock()):
        raise not_found(f"名单中没有 {entry}", f"there is no entry {entry}")


# the audit chain


@router.get("/audit")
async def get_audit(request: Request, before: int | None = None, account: str = "", limit: int = 200) -> list[m.AuditOut]:
    """The newest rows, newest first; `before`: those older than this one."""
    rows = services(request).accounts.audit.newest(max(1, min(limit, 1000)), before, account)
    return [
        m.AuditOut(
            seq=r.seq, utc_ns=r.utc_ns, account=r.account, action=r.action, subject=r.subject, outcome=r.outcome, line=r.line,
            sha256=r.sha256,
        )
        for r in rows
    ]  # fmt: skip


@router.get("/audit/check")
async def check_audit(request: Request) -> m.AuditCheckOut:
    """Walk the whole chain, and hold it to its checkpoints in the transparency log."""
    s = services(request)
    rows, found, points = s.accounts.audit.check(s.evidence.translog)
    return m.AuditCheckOut(
        holds=found is None, rows=rows, checkpoints=points, first_break=found.seq if found else None,
        why=m.NameOut(zh=found.zh, en=found.en) if found else None,
    )  # fmt: skip
