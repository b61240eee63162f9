"""The table of rights and the one filter: who may do what, in which lots."""

from dataclasses import replace

import pytest
from day_case import at, day

from gateway.core.rights import (
    ADMINS,
    FRESH_S,
    NO_LOTS,
    RIGHTS,
    UNLIMITED,
    Account,
    AccountRole,
    Action,
    Limit,
    Viewer,
    dangerous_roles,
    decide_act,
    project_within,
    token_may,
    within,
)
from venue_model.ids import LotId
from venue_model.lots import Phase
from venue_model.moments import S

NOW = 1_800_000_000 * S
LOTS = day(at(Phase.OPENING, "L1", project_code="A01-7"), at(Phase.OPENING, "L2", project_code="A02-9"))
L1, L2 = LOTS[LotId("L1")].lot, LOTS[LotId("L2")].lot
ONLY_L1, ONLY_A02, NOTHING = Limit(lots=(LotId("L1"),)), Limit(codes=("A02",)), Limit(codes=())


def refusal(account: Account, action: Action, *lots: object) -> str:
    found = decide_act(account, action, lots or None, NOW)  # type: ignore[arg-type]
    return found.code if found else ""


def test_every_action_is_in_the_table_with_words_and_somebody_who_may_do_it() -> None:
    assert set(RIGHTS) == set(Action)
    for action, right in RIGHTS.items():
        assert right.roles and right.zh and right.en, action


@pytest.mark.parametrize("role", list(AccountRole))
@pytest.mark.parametrize("action", list(Action))
def test_a_role_that_the_table_does_not_name_is_refused(action: Action, role: AccountRole) -> None:
    fresh = Account("a", role, has_second=True, second_utc_ns=NOW)
    assert refusal(fresh, action) == ("" if role in RIGHTS[action].roles else "not-allowed")


def test_the_three_administrators_have_nothing_in_common_with_a_tender_nor_with_the_audit() -> None:
    tender = {a for a in Action if a.startswith("look-") or a in (Action.PRESS, Action.PULSE, Action.TAKE_PACKAGE)} - {
        Action.LOOK_HOUSE, Action.LOOK_ACCOUNTS, Action.LOOK_AUDIT,
    }  # fmt: skip
    for action in tender:
        assert not RIGHTS[action].roles & ADMINS, action
    assert RIGHTS[Action.LOOK_AUDIT].roles == {AccountRole.AUDIT_ADMIN}
    may = {role: {a for a in Action if role in RIGHTS[a].roles} for role in ADMINS}
    keeps = {Action.KEEP_ACCOUNTS, Action.GIVE_RIGHTS, Action.CONFIRM_RIGHTS}
    assert not may[AccountRole.AUDIT_ADMIN] & keeps, "whoever audits gives no rights"
    assert Action.GIVE_RIGHTS not in may[AccountRole.SYSTEM_ADMIN], "whoever opens accounts gives no rights"


@pytest.mark.parametrize(
    ("limit", "own", "other"),
    [(UNLIMITED, True, True), (ONLY_L1, True, False), (ONLY_A02, False, True), (NO_LOTS, False, False), (NOTHING, False, False)],
)
def test_a_limit_lets_through_its_own_lots_alone(limit: Limit, own: bool, other: bool) -> None:
    assert (within(limit, L1), within(limit, L2)) == (own, other)
    assert (project_within(limit, "P-L1", LOTS), project_within(limit, "P-L2", LOTS)) == (own, other)


def test_a_limit_by_lots_and_by_industry_holds_by_both() -> None:
    assert not within(Limit(lots=(LotId("L1"),), codes=("A02",)), L1)
    assert within(Limit(lots=(LotId("L1"),), codes=("A01",)), L1)


def test_an_empty_code_fits_no_industry() -> None:
    assert not within(Limit(codes=("A",)), replace(L1, project_code="", deal_code=""))


REACHES = (
    # action, limit, lots of the request, refused by
    (Action.PRESS, ONLY_L1, (L1,), ""),
    (Action.PRESS, ONLY_L1, (L2,), "not-yours"),
    (Action.PRESS, ONLY_L1, (), "not-yours"),
    (Action.PRESS, ONLY_L1, (L1, L2), "not-yours"),
    (Action.LOOK_EVIDENCE, ONLY_L1, (L1, L2), ""),
    (Action.LOOK_EVIDENCE, ONLY_L1, (L2,), "not-yours"),
    (Action.LOOK_EVIDENCE, ONLY_L1, (), "not-yours"),
    (Action.LOCK_DOWN, ONLY_L1, (L1,), "not-yours"),
    (Action.LOOK_LISTS, ONLY_L1, (), ""),
    (Action.PRESS, UNLIMITED, (), ""),
    (Action.LOCK_DOWN, UNLIMITED, (), ""),
)


@pytest.mark.parametrize(("action", "limit", "lots", "code"), REACHES)
def test_a_limited_account_does_only_what_is_wholly_its_own(action: Action, limit: Limit, lots: tuple[object, ...], code: str) -> None:
    assert refusal(Account("a", AccountRole.STAFF, limit), action, *lots) == code


def test_a_dangerous_act_asks_for_a_second_factor_that_is_not_old() -> None:
    base = Account("a", AccountRole.SUPERVISOR, has_second=True)
    assert refusal(base, Action.LIFT_LOCKDOWN) == "second-factor"
    assert refusal(replace(base, second_utc_ns=NOW - FRESH_S * S), Action.LIFT_LOCKDOWN) == ""
    assert refusal(replace(base, second_utc_ns=NOW - FRESH_S * S - 1), Action.LIFT_LOCKDOWN) == "second-factor"
    assert refusal(base, Action.LOOK_LISTS) == ""
    assert refusal(replace(base, has_second=False), Action.LIFT_LOCKDOWN) == "", "where the venue does not ask for one"


def test_until_a_first_password_is_changed_nothing_else_can_be_done() -> None:
    new = Account("a", AccountRole.STAFF, must_change=True)
    assert {refusal(new, a) for a in Action if AccountRole.STAFF in RIGHTS[a].roles} == {"", "password-first"}
    assert [a for a in Action if not refusal(new, a)] == [Action.PUBLIC, Action.SELF]


def test_a_role_that_must_have_a_second_factor_sets_one_up_first() -> None:
    asked = Account("a", AccountRole.STAFF, second_wanted=True)
    assert [a for a in Action if not refusal(asked, a)] == [Action.PUBLIC, Action.SELF]
    assert refusal(replace(asked, has_second=True), Action.PRESS) == ""


def test_a_token_does_what_it_names_and_never_anything_dangerous() -> None:
    token = Account("a", AccountRole.SUPERVISOR, token=frozenset({Action.LOOK_LISTS, Action.LIFT_LOCKDOWN}))
    assert refusal(token, Action.LOOK_LISTS) == ""
    assert refusal(token, Action.LOOK_EVIDENCE) == "token"
    assert refusal(token, Action.LIFT_LOCKDOWN) == "token"
    assert refusal(token, Action.SELF) == "token"
    assert not [a for a in Action if RIGHTS[a].dangerous and token_may(a)]


def test_whoever_may_do_something_dangerous_has_a_dangerous_role() -> None:
    assert dangerous_roles() >= ADMINS
    for role in AccountRole:
        assert (role in dangerous_roles()) is (role in ADMINS or any(r.dangerous and role in r.roles for r in RIGHTS.values()))


LINES = (
    # lot, project, person, seen by a viewer of L1 alone
    ("L1", "P-L1", None, True),
    ("L2", "P-L2", None, False),
    ("L9", None, None, False),
    (None, "P-L1", None, True),
    (None, "P-L2", None, False),
    (None, None, None, True),
    (None, None, "exp-1", True),
    (None, None, "ghost", False),
)


@pytest.mark.parametrize(("lot", "project", "person", "seen"), LINES)
def test_a_line_of_another_lot_is_not_shown(lot: str | None, project: str | None, person: str | None, seen: bool) -> None:
    line = {"agent": "b", "kind": "passage", "lot": lot, "project": project, "person": person, "body": {}}
    assert Viewer("supervisor", ONLY_L1).sees_line(line, LOTS) is seen
    assert Viewer("supervisor").sees_line(line, LOTS)


def test_administrators_are_shown_the_house_and_no_lot() -> None:
    viewer = Account("a", AccountRole.SYSTEM_ADMIN).viewer
    line = {"agent": "b", "kind": "alarm", "lot": "L1", "project": "P-L1", "person": None, "body": {}}
    assert not viewer.sees_line(line, LOTS)
    assert viewer.sees_line({**line, "lot": None, "project": None}, LOTS)
