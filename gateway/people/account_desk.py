"""What administrators do to accounts: each act is journaled, and what gives a dangerous role waits for a second person."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.core.exception_pass import Refusal
from gateway.core.four_eyes import Asked, AskKind, decide_confirm, needs_two
from gateway.core.rights import ADMINS, AccountRole, dangerous_roles
from gateway.people.account_book import NO_PASSWORD, AccountBook, Limits, Record, limits_of
from gateway.people.four_eyes_book import FourEyesBook
from gateway.people.second_factor import SecondFactors
from gateway.people.sessions import Sessions
from gateway.people.tokens import Tokens
from venue_model.moments import Now
from venue_model.venue import Name


@dataclass(frozen=True, slots=True)
class Outcome:
    """Done, when neither `refusal` nor `asked` is set."""

    refusal: Refusal | None = None
    asked: str | None = None
    first_password: str | None = None


def _refused(code: str, zh: str, en: str) -> Outcome:
    return Outcome(Refusal(code, Name(zh, en)))


class AccountDesk:
    """Opens, changes, suspends and resets accounts."""

    def __init__(
        self, book: AccountBook, sessions: Sessions, tokens: Tokens, second: SecondFactors, asked: FourEyesBook, note: Callable[..., None]
    ) -> None:
        self.book = book
        self.sessions = sessions
        self.tokens = tokens
        self.second = second
        self.asked = asked
        self._write = note

    # asked by one

    def open(self, account: str, role: AccountRole, limits: Limits, by: str, now: Now) -> Outcome:
        """A new account; with a first password when it needs no second person."""
        if self.book.find(account) is not None:
            return _refused("taken", f"账号 {account} 已存在", f"there is an account {account} already; choose another name")
        if needs_two(None, (role, self.book.limit(limits))):
            return self._ask(AskKind.OPEN, account, {"role": role, **limits.plain()}, by, now)
        return self._open(account, role, limits, by, now)

    def give(self, account: str, role: AccountRole, limits: Limits, by: str, now: Now) -> Outcome:
        """Another role, other limits."""
        record = self.book.find(account)
        if record is None:
            return self._nobody(account)
        if account == by:
            return _refused("own-rights", "不能变更自己的权限", "nobody changes their own rights; another administrator must")
        if role is not record.role and ADMINS & {role, record.role}:
            return _refused(
                "administrator", "管理员账号不能改作他用,请另开账号(三员分立)",
                "an administrator's account never becomes another kind, nor the other way round: open a new account",
            )  # fmt: skip
        if needs_two((record.role, self.book.limit(record.limits)), (role, self.book.limit(limits))):
            return self._ask(AskKind.RIGHTS, account, {"role": role, **limits.plain()}, by, now)
        return self._give(record, role, limits, by, now)

    def reset(self, account: str, by: str, now: Now) -> Outcome:
        """A new first password and no second factor: whoever holds both becomes that account."""
        record = self.book.find(account)
        if record is None:
            return self._nobody(account)
        if record.issuer and not record.totp_on:
            return _refused("no-password", "此账号由统一身份认证登录", "this account signs in elsewhere; there is nothing to reset here")
        if record.role in dangerous_roles():
            return self._ask(AskKind.RESET, account, {}, by, now)
        return self._reset(record, by, now)

    def enable(self, account: str, by: str, now: Now) -> Outcome:
        """Take a suspended account up again."""
        record = self.book.find(account)
        if record is None:
            return self._nobody(account)
        if not record.disabled:
            return _refused("not-disabled", f"账号 {account} 未停用", f"account {account} is not suspended")
        if record.role in dangerous_roles():
            return self._ask(AskKind.ENABLE, account, {}, by, now)
        return self._enable(record, by, now)

    def ask_export(self, project: str, seal: int, by: str, now: Now) -> Outcome:
        """That a package may be taken away."""
        return self._ask(AskKind.EXPORT, f"{project} {seal}", {}, by, now, project=project)

    # taking away needs one

    def disable(self, account: str, by: str, now: Now) -> Outcome:
        """Suspend an account at once."""
        if self.book.find(account) is None:
            return self._nobody(account)
        if account == by:
            return _refused("own-rights", "不能停用自己的账号", "nobody suspends their own account; another administrator must")
        self.book.change(account, disabled=1)
        self.sessions.end_all(account)
        self.tokens.end_all(account)
        self._note("disabled", account, by, now)
        return Outcome()

    def sign_out(self, account: str, by: str, now: Now) -> Outcome:
        """End all sessions of an account."""
        if self.book.find(account) is None:
            return self._nobody(account)
        self.sessions.end_all(account)
        self._note("signed-out", account, by, now)
        return Outcome()

    # confirmed by another

    def confirm(self, asked: Asked, by: str, now: Now) -> Outcome:
        """Do what was asked for."""
        if refusal := decide_confirm(asked, by, now.utc_ns):
            return Outcome(refusal)
        with self.book.store.transaction():
            decided = self.asked.decide(asked, by, "confirmed", now.utc_ns)
            outcome = self._do(decided, by, now)
            if outcome.refusal is not None:
                self.asked.decide(asked, by, "dropped", now.utc_ns)
        return outcome

    def _do(self, asked: Asked, by: str, now: Now) -> Outcome:
        if asked.kind is AskKind.EXPORT:
            self._note("export-released", asked.subject, by, now, asked_by=asked.asked_by, project=asked.subject.partition(" ")[0])
            return Outcome()
        record = self.book.find(asked.subject)
        role, limits = AccountRole(str(asked.body.get("role", AccountRole.STAFF))), limits_of(asked.body)
        if asked.kind is AskKind.OPEN:
            if record is not None:
                return _refused("taken", f"账号 {asked.subject} 已存在", f"there is an account {asked.subject} already")
            return self._open(asked.subject, role, limits, by, now, asked_by=asked.asked_by)
        if record is None:
            return self._nobody(asked.subject)
        match asked.kind:
            case AskKind.RIGHTS:
                return self._give(record, role, limits, by, now, asked_by=asked.asked_by)
            case AskKind.RESET:
                return self._reset(record, by, now, asked_by=asked.asked_by)
            case AskKind.ENABLE:
                return self._enable(record, by, now, asked_by=asked.asked_by)

    def drop(self, asked: Asked, by: str, now: Now) -> Outcome:
        """Take a request back, or turn it down."""
        if asked.outcome:
            return Outcome(decide_confirm(asked, by, now.utc_ns))
        self.asked.decide(asked, by, "dropped", now.utc_ns)
        self._note("dropped", asked.subject, by, now, request=asked.kind, asked_by=asked.asked_by)
        return Outcome()

    # the acts themselves

    def _open(self, account: str, role: AccountRole, limits: Limits, by: str, now: Now, **more: Any) -> Outcome:
        first = f"{secrets.token_hex(4)}-{secrets.token_hex(4)}"
        with self.book.store.transaction():
            self.book.put(account, role, self.book.hasher.hash(first))
            self.book.change(account, must_change=1)
            self.book.set_limits(account, limits)
            self._note("opened", account, by, now, role=role, **limits.plain(), **more)
        return Outcome(first_password=first)

    def _give(self, record: Record, role: AccountRole, limits: Limits, by: str, now: Now, **more: Any) -> Outcome:
        with self.book.store.transaction():
            self.book.put(record.id, role, record.password)
            self.book.set_limits(record.id, limits)
            if role is not record.role:
                self.tokens.end_all(record.id)  # they were made for another role
            self._note("rights", record.id, by, now, role=role, **limits.plain(), **more)
        return Outcome()

    def _reset(self, record: Record, by: str, now: Now, **more: Any) -> Outcome:
        first = None if record.issuer else f"{secrets.token_hex(4)}-{secrets.token_hex(4)}"
        with self.book.store.transaction():
            self.book.put(record.id, record.role, self.book.hasher.hash(first) if first else NO_PASSWORD)
            self.book.change(record.id, must_change=1 if first else 0, wrongs=0)
            self.second.take_away(record.id)
            self.sessions.end_all(record.id)
            self.tokens.end_all(record.id)
            self._note("reset", record.id, by, now, **more)
        return Outcome(first_password=first)

    def _enable(self, record: Record, by: str, now: Now, **more: Any) -> Outcome:
        self.book.change(record.id, disabled=0, wrongs=0)
        self._note("enabled", record.id, by, now, **more)
        return Outcome()

    def _ask(self, kind: AskKind, subject: str, body: dict[str, object], by: str, now: Now, **more: Any) -> Outcome:
        asked = self.asked.ask(kind, subject, body, by, now.utc_ns)
        self._note("asked", subject, by, now, request=kind, **{**body, **more})
        return Outcome(asked=asked.id)

    def _nobody(self, account: str) -> Outcome:
        return _refused("not-found", f"没有账号 {account}", f"there is no account {account}")

    def _note(self, what: str, account: str, by: str, now: Now, **more: Any) -> None:
        project = more.pop("project", None)
        # What concerns a project is told to those who watch over it, the rest to administrators.
        audience = ["supervisor", "witness"] if project else sorted(ADMINS)
        self._write("account", {"what": what, "account": account, "by": by, "audience": audience, **more}, now, project=project)
