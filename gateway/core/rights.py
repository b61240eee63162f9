"""Who may do what: one table of actions, and one filter for accounts that are limited to some lots.

Deny by default: a role that an action does not name may not do it, and a limited account reaches only what is positively its own.
`gateway/api/route_actions.py` says which route is which action; docs/people.md tells it to administrators.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from gateway.core.alarms import Alarm, audience
from gateway.core.exception_pass import Refusal
from gateway.core.parts import Day
from venue_model.ids import LotId
from venue_model.lots import Lot
from venue_model.moments import S
from venue_model.venue import Name

FRESH_S = 300  # so long after a second factor a dangerous act needs no new one


class AccountRole(StrEnum):
    """What an account is for.  One account has one role; the three administrators are never one account."""

    STAFF = "staff"
    SUPERVISOR = "supervisor"
    WITNESS = "witness"
    INTEGRATOR = "integrator"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDIT_ADMIN = "audit_admin"


ROLE_WORDS: Mapping[AccountRole, tuple[str, str]] = {
    AccountRole.STAFF: ("场地人员", "venue staff"),
    AccountRole.SUPERVISOR: ("监督人员", "supervisor"),
    AccountRole.WITNESS: ("见证人员", "witness"),
    AccountRole.INTEGRATOR: ("集成人员", "integrator"),
    AccountRole.SYSTEM_ADMIN: ("系统管理员", "system administrator"),
    AccountRole.SECURITY_ADMIN: ("安全管理员", "security administrator"),
    AccountRole.AUDIT_ADMIN: ("审计管理员", "audit administrator"),
}
_R = AccountRole
ADMINS = frozenset({_R.SYSTEM_ADMIN, _R.SECURITY_ADMIN, _R.AUDIT_ADMIN})  # they keep the system and see nothing of any tender
EVERYBODY = frozenset(_R)
HOUSE = EVERYBODY - ADMINS
TENDER = frozenset({_R.STAFF, _R.SUPERVISOR, _R.WITNESS})
WATCH = frozenset({_R.SUPERVISOR, _R.WITNESS})
CHARGE = frozenset({_R.STAFF, _R.SUPERVISOR})


class Action(StrEnum):
    """What somebody may ask of the gateway.  An API token names the ones that it is for."""

    PUBLIC = "public"
    SELF = "self"
    LOOK_HOUSE = "look-house"
    LOOK_LOT = "look-lot"
    LOOK_LISTS = "look-lists"
    LOOK_MUSTER = "look-muster"
    LOOK_LEAVING = "look-leaving"
    LOOK_WAY = "look-way"
    LOOK_EVIDENCE = "look-evidence"
    LOOK_EXCEPTIONS = "look-exceptions"
    LOOK_WATCH_LIST = "look-watch-list"
    LOOK_ACCOUNTS = "look-accounts"
    LOOK_AUDIT = "look-audit"
    LOOK_CALENDAR = "look-calendar"
    LOOK_REHEARSAL = "look-rehearsal"
    LOOK_FACTS = "look-facts"
    LOOK_REPORTS = "look-reports"
    LOOK_DAY_REPORT = "look-day-report"
    LOOK_WEBHOOKS = "look-webhooks"
    LOOK_PLATFORM = "look-platform"
    LOOK_CERTIFICATES = "look-certificates"
    LOOK_TWINS = "look-twins"
    LOOK_ROLLOUTS = "look-rollouts"
    PRESS = "press"
    KEEP_SCENE_BOOK = "keep-scene-book"
    COMMAND_DEVICE = "command-device"
    CALL_OUT = "call-out"
    ALL_CLEAR = "all-clear"
    AUTHORISE = "authorise"
    CHECK_OUT = "check-out"
    TICK_OFF = "tick-off"
    ACKNOWLEDGE = "acknowledge"
    PULSE = "pulse"
    SEAL_PROJECT = "seal-project"
    TAKE_PACKAGE = "take-package"
    ASK_EXPORT = "ask-export"
    CONFIRM_EXPORT = "confirm-export"
    APPROVE = "approve"
    LOCK_DOWN = "lock-down"
    LIFT_LOCKDOWN = "lift-lockdown"
    GIVE_EXCEPTION = "give-exception"
    WITHDRAW_EXCEPTION = "withdraw-exception"
    BOOK = "book"
    CLOSE_ROOM = "close-room"
    KEEP_SCHEDULE = "keep-schedule"
    REHEARSE = "rehearse"
    EXPORT_FACTS = "export-facts"
    KEEP_WEBHOOKS = "keep-webhooks"
    MEND_WEBHOOKS = "mend-webhooks"
    MEND_PLATFORM = "mend-platform"
    EXPORT_COMPANY = "export-company"
    KEEP_CERTIFICATES = "keep-certificates"
    RELEASE_DEVICE = "release-device"
    ROLL_OUT = "roll-out"
    APPROVE_ROLLOUT = "approve-rollout"
    KEEP_WATCH_LIST = "keep-watch-list"
    KEEP_ACCOUNTS = "keep-accounts"
    GIVE_RIGHTS = "give-rights"
    CONFIRM_RIGHTS = "confirm-rights"


Reach = Literal["listed", "some", "all", "house"]


@dataclass(frozen=True, slots=True)
class Right:
    """One row of the table.

    `reach` is what a limited account may do of it: "listed": the view shows only its own lots; "some" and "all": some, or all, of the
    lots that the path names must be its own; "house": nothing, because it is about the whole house.
    """

    roles: frozenset[AccountRole]
    zh: str
    en: str
    reach: Reach = "house"
    dangerous: bool = False  # asks for a fresh second factor; no API token ever does it
    told: bool = False  # a look that is on record like an act


RIGHTS: Mapping[Action, Right] = {
    Action.PUBLIC: Right(EVERYBODY, "登录前可用", "before anybody has signed in", "listed"),
    Action.SELF: Right(EVERYBODY, "自己的账号", "one's own account", "listed"),
    Action.LOOK_HOUSE: Right(EVERYBODY, "看场地与设备状态", "see the house and its devices", "listed"),
    Action.LOOK_LOT: Right(HOUSE, "看标段", "see a lot", "all"),
    Action.LOOK_LISTS: Right(HOUSE, "看日志与项目列表", "see the lists of events and projects", "listed"),
    Action.LOOK_MUSTER: Right(TENDER, "看点名册", "see who is where", "listed"),
    Action.LOOK_LEAVING: Right(TENDER, "看离场情况", "see who of a lot is still inside", "all"),
    Action.LOOK_WAY: Right(WATCH, "看人员动线", "follow one person's way", "some", told=True),
    Action.LOOK_EVIDENCE: Right(TENDER, "调阅录像与时间线", "see recordings and timelines", "some", told=True),
    Action.LOOK_EXCEPTIONS: Right(CHARGE, "看例外通行证", "see exception passes", "listed"),
    Action.LOOK_WATCH_LIST: Right(WATCH, "看关注与回避名单", "see the watch and avoidance lists", "house", told=True),
    Action.LOOK_ACCOUNTS: Right(ADMINS, "看账号", "see the accounts", "house", told=True),
    Action.LOOK_AUDIT: Right(frozenset({_R.AUDIT_ADMIN}), "看审计记录", "read the audit chain", "house", told=True),
    Action.LOOK_CALENDAR: Right(HOUSE, "看场地日历", "see the calendar of rooms"),
    Action.LOOK_REHEARSAL: Right(CHARGE, "看预演", "see the rehearsal of a day"),
    Action.LOOK_FACTS: Right(WATCH, "看席位时间与行为事实", "see time in seats and conduct", "all", told=True),
    Action.LOOK_REPORTS: Right(TENDER, "看标段报告", "read a lot's report", "all", told=True),
    Action.LOOK_DAY_REPORT: Right(TENDER, "看场地日报", "read the house's daily report", told=True),
    Action.LOOK_WEBHOOKS: Right(frozenset({_R.SUPERVISOR, _R.INTEGRATOR}), "看推送订阅", "see the webhooks"),
    Action.LOOK_PLATFORM: Right(frozenset({_R.STAFF, _R.INTEGRATOR}), "看平台收发", "see the exchange with the platform"),
    Action.LOOK_CERTIFICATES: Right(frozenset({_R.INTEGRATOR}), "看证书", "see the certificates of boards"),
    Action.LOOK_TWINS: Right(HOUSE, "看设备期望与实际", "see what each device should be and is", "listed"),
    Action.LOOK_ROLLOUTS: Right(
        frozenset({_R.STAFF, _R.SUPERVISOR, _R.INTEGRATOR}), "看程序与配置推送", "see rollouts of programs and records"
    ),
    Action.PRESS: Right(frozenset({_R.STAFF}), "按场景", "press a scene", "all"),
    Action.KEEP_SCENE_BOOK: Right(frozenset({_R.STAFF}), "写场景本", "write the scene book"),
    Action.COMMAND_DEVICE: Right(CHARGE, "指挥单台设备", "command one device", "all"),
    Action.CALL_OUT: Right(CHARGE, "紧急疏散", "call the house out"),
    Action.ALL_CLEAR: Right(frozenset({_R.SUPERVISOR}), "解除紧急疏散", "end an emergency", dangerous=True),
    Action.AUTHORISE: Right(frozenset({_R.STAFF}), "授权进场", "authorise somebody to enter", "all"),
    Action.CHECK_OUT: Right(frozenset({_R.STAFF}), "确认离场", "confirm that somebody may leave", "all"),
    Action.TICK_OFF: Right(TENDER, "点名", "tick somebody off the muster list", "some"),
    Action.ACKNOWLEDGE: Right(TENDER, "确认告警", "acknowledge an alarm", "all"),
    Action.PULSE: Right(frozenset({_R.STAFF}), "远程开门一次", "open a door once", "all"),
    Action.SEAL_PROJECT: Right(frozenset({_R.STAFF}), "封装项目", "seal a project", "all"),
    Action.TAKE_PACKAGE: Right(frozenset({_R.SUPERVISOR}), "下载证据包", "take a package away", "all", dangerous=True, told=True),
    Action.ASK_EXPORT: Right(frozenset({_R.SUPERVISOR}), "申请导出证据", "ask for the release of an export", "all"),
    Action.CONFIRM_EXPORT: Right(WATCH, "批准导出证据", "confirm the release of an export", "listed", dangerous=True),
    Action.APPROVE: Right(CHARGE, "提交双人审批", "hand in two people's approval", "all", dangerous=True),
    Action.LOCK_DOWN: Right(CHARGE, "封控", "lock down", "house"),
    Action.LIFT_LOCKDOWN: Right(frozenset({_R.SUPERVISOR}), "解除封控", "lift a lockdown", "house", dangerous=True),
    Action.GIVE_EXCEPTION: Right(frozenset({_R.SUPERVISOR}), "发例外通行证", "give an exception pass", "listed", dangerous=True),
    Action.WITHDRAW_EXCEPTION: Right(CHARGE, "收回例外通行证", "withdraw an exception pass", "all"),
    Action.BOOK: Right(frozenset({_R.STAFF}), "预约房间", "book rooms"),
    Action.CLOSE_ROOM: Right(frozenset({_R.INTEGRATOR}), "停用房间", "put a room out of order"),
    Action.KEEP_SCHEDULE: Right(frozenset({_R.STAFF}), "取消或恢复定时执行", "take a lot from the clock, or give it back", "all"),
    Action.REHEARSE: Right(frozenset({_R.STAFF}), "预演一天", "rehearse a day"),
    Action.EXPORT_FACTS: Right(frozenset({_R.SUPERVISOR}), "导出事件", "export events", told=True),
    Action.KEEP_WEBHOOKS: Right(frozenset({_R.SUPERVISOR}), "维护推送订阅", "keep webhooks"),
    Action.MEND_WEBHOOKS: Right(frozenset({_R.SUPERVISOR, _R.INTEGRATOR}), "恢复推送、重发", "switch webhooks on again, resend"),
    Action.MEND_PLATFORM: Right(frozenset({_R.STAFF, _R.INTEGRATOR}), "重发平台死信", "resend what the platform refused"),
    Action.EXPORT_COMPANY: Right(WATCH, "经双人签名导出同在事实", "export who was with whom, under two signatures", "all", told=True),
    Action.KEEP_CERTIFICATES: Right(frozenset({_R.INTEGRATOR}), "吊销与重新准入控制器", "shut boards out and admit them", dangerous=True),
    Action.RELEASE_DEVICE: Right(frozenset({_R.STAFF, _R.INTEGRATOR}), "解除设备隔离", "release a device from quarantine"),
    Action.ROLL_OUT: Right(frozenset({_R.INTEGRATOR}), "推送程序与配置", "roll out programs and records", dangerous=True),
    Action.APPROVE_ROLLOUT: Right(
        frozenset({_R.SUPERVISOR, _R.INTEGRATOR}), "提交推送审批、退回推送", "hand in a rollout's approval, bring it back", dangerous=True
    ),
    Action.KEEP_WATCH_LIST: Right(frozenset({_R.SUPERVISOR}), "维护关注与回避名单", "keep the watch and avoidance lists", "house"),
    Action.KEEP_ACCOUNTS: Right(
        frozenset({_R.SYSTEM_ADMIN, _R.SECURITY_ADMIN}), "开户、停用、重置", "open, suspend and reset accounts", "house", dangerous=True
    ),
    Action.GIVE_RIGHTS: Right(frozenset({_R.SECURITY_ADMIN}), "授权限", "give rights", "house", dangerous=True),
    Action.CONFIRM_RIGHTS: Right(
        frozenset({_R.SYSTEM_ADMIN, _R.SECURITY_ADMIN}), "复核权限变更", "confirm a change of rights", "house", dangerous=True
    ),
}


@dataclass(frozen=True, slots=True)
class Limit:
    """The lots that an account may know of.  None: no such limit; both given: a lot must fit both; an empty tuple fits nothing."""

    lots: tuple[LotId, ...] | None = None
    codes: tuple[str, ...] | None = None  # beginnings of project codes: an industry, as gateway.toml spells it out

    @property
    def is_none(self) -> bool:
        """True for an account that may know of every lot."""
        return self.lots is None and self.codes is None


UNLIMITED, NO_LOTS = Limit(), Limit(lots=())


def within(limit: Limit, lot: Lot) -> bool:
    """Is this lot one that the account may know of?  The one filter: lists, events, feed, evidence and presence all ask here."""
    if limit.lots is not None and lot.id not in limit.lots:
        return False
    codes = (lot.project_code, lot.deal_code, str(lot.project))
    return limit.codes is None or any(code.startswith(begin) for begin in limit.codes for code in codes if code)


def person_within(limit: Limit, person: str, day: Day) -> bool:
    """Is this person on the roster of a lot that the account may know of?"""
    return limit.is_none or any(within(limit, s.lot) and any(p.person == person for p in s.lot.people) for s in day.values())


def lot_within(limit: Limit, lot: str, day: Day) -> bool:
    """`within` by id.  A lot that nobody has told of is nobody's."""
    found = day.get(LotId(lot))
    return limit.is_none or (found is not None and within(limit, found.lot))


def project_within(limit: Limit, project: str, day: Day) -> bool:
    """Is any lot of this project one that the account may know of?"""
    return limit.is_none or any(s.lot.project == project and within(limit, s.lot) for s in day.values())


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom a page is made."""

    role: str
    limit: Limit = UNLIMITED

    def sees_line(self, line: Mapping[str, Any], day: Day) -> bool:
        """May this viewer know of a journal line?"""
        return self._sees(audience(line), line["lot"], line["project"], line["person"], day)

    def sees_alarm(self, alarm: Alarm, day: Day) -> bool:
        """May this viewer know of an alarm, and of its end?"""
        return self._sees(alarm.audience, alarm.lot, alarm.project, alarm.person, day)

    def _sees(self, meant: tuple[str, ...], lot: str | None, project: str | None, person: str | None, day: Day) -> bool:
        """What is of no lot, project or person is the house's: for everybody of its audience."""
        if meant and self.role not in meant:
            return False
        if self.limit.is_none:
            return True
        if lot:
            return lot_within(self.limit, lot, day)
        if project:
            return project_within(self.limit, project, day)
        return not person or person_within(self.limit, person, day)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who asks, and by what: a session or an API token."""

    id: str
    role: AccountRole
    limit: Limit = UNLIMITED
    must_change: bool = False  # the password was somebody else's idea
    has_second: bool = False
    second_wanted: bool = False  # the venue asks this role for a second factor
    second_utc_ns: int = 0  # when the second factor was last shown
    token: frozenset[Action] | None = None  # what an API token is for; None: a person at a page

    @property
    def viewer(self) -> Viewer:
        """What this account's pages may show."""
        return Viewer(self.role, NO_LOTS if self.role in ADMINS else self.limit)


def dangerous_roles() -> frozenset[AccountRole]:
    """The roles that may do something dangerous: to give one of them takes two administrators."""
    return frozenset(role for right in RIGHTS.values() if right.dangerous for role in right.roles) | ADMINS


def decide_act(account: Account, action: Action, lots: Iterable[Lot] | None, now_utc_ns: int) -> Refusal | None:
    """May this account do this?  `lots` are those that the request names; None: it names none, or none that anybody knows."""
    right = RIGHTS[action]
    if account.role not in right.roles:
        words = ROLE_WORDS[account.role]
        return Refusal("not-allowed", Name(
            f"您的角色({words[0]})无权进行此操作:{right.zh}",
            f"your role, {words[1]}, may not do this: {right.en}; ask the security administrator",
        ))  # fmt: skip
    return _token_refusal(account, action) or _standing_refusal(account, action, now_utc_ns) or _limit_refusal(account, right, lots)


def _token_refusal(account: Account, action: Action) -> Refusal | None:
    if account.token is None or (action in account.token and token_may(action)):
        return None
    return Refusal("token", Name(
        f"此接口令牌不含权限 {action}", f"this API token is not for {action}; sign in, or make a token that names it",
    ))  # fmt: skip


def token_may(action: Action) -> bool:
    """What an API token can be made for: nothing dangerous, and not the account itself."""
    return action not in (Action.SELF, Action.PUBLIC) and not RIGHTS[action].dangerous


def _standing_refusal(account: Account, action: Action, now_utc_ns: int) -> Refusal | None:
    """What the account must do first."""
    if action in (Action.SELF, Action.PUBLIC):
        return None
    if account.must_change:
        return Refusal("password-first", Name("请先修改初始密码", "set a password of your own first"))
    if account.second_wanted and not account.has_second:
        return Refusal("second-factor-missing", Name("请先绑定二次验证", "your role needs a second factor: set one up under your account"))
    if RIGHTS[action].dangerous and account.has_second and now_utc_ns - account.second_utc_ns > FRESH_S * S:
        return Refusal("second-factor", Name("请输入动态验证码", "enter the code of your second factor, then try again"))
    return None


def _limit_refusal(account: Account, right: Right, lots: Iterable[Lot] | None) -> Refusal | None:
    limit = account.limit
    if limit.is_none or right.reach == "listed" or account.role in ADMINS:
        return None
    own = [within(limit, lot) for lot in lots or ()]
    if right.reach == "all" and own and all(own):
        return None
    if right.reach == "some" and any(own):
        return None
    return Refusal("not-yours", Name(
        "不在您的标段或行业范围内", "this is not within the lots and industries of your account; ask the security administrator",
    ))  # fmt: skip
