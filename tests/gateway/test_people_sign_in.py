"""Signing in: passwords, rests, second factors, sessions and tokens, as somebody at a page meets them."""

import sqlite3
from pathlib import Path
from typing import Any

import pyotp
import pytest
from people_case import API, PASSWORD, Client, Clock, account, accounts_of, client, reason, sign_in, stopped
from starlette.websockets import WebSocketDisconnect
from test_api import Case, case, keys  # noqa: F401  fixtures

from gateway.api.accounts import COOKIE, Accounts
from gateway.core.sign_in import Wrongs, one_more, password_fault, rest_left_s
from gateway.people.secret_box import SealedElsewhere, SecretBox, load_secret_box
from venue_model.moments import S


@pytest.fixture
def clock(case: Case) -> Clock:  # noqa: F811
    return stopped(case)


@pytest.fixture
def page(case: Case, clock: Clock) -> Client:  # noqa: F811
    """Nobody yet; wang is a supervisor with a password."""
    account(case, "wang", "supervisor")
    return case["nobody"]


def code(secret: str, clock: Clock) -> str:
    return pyotp.TOTP(secret).at(clock.now.utc_ns // S)


def enrol(page: Client, clock: Clock) -> tuple[str, list[str]]:
    """Set up a second factor; its secret and the recovery codes.  The code that confirms it is used up."""
    made = page.post(f"{API}/me/second-factor", json={"password": PASSWORD}).json()
    answer = page.post(f"{API}/me/second-factor/confirm", json={"code": code(made["secret"], clock)})
    clock.pass_s(30)
    return made["secret"], answer.json()["codes"]


# passwords


@pytest.mark.parametrize(
    ("password", "second", "fits"),
    [
        ("short", False, False), ("elf-zeichen", False, False), ("zwoelf-zeich", False, True), ("zehn-zeich", True, True),
        ("zehn-zeich", False, False), ("my-name-is-wang", False, False), ("My-WANG-password", False, False),
        ("aaaaaaaaaaaaaaa", False, False),
    ],
)  # fmt: skip
def test_a_password_is_long_and_says_nothing_of_its_account(password: str, second: bool, fits: bool) -> None:
    assert (password_fault("wang", password, second) is None) is fits


def test_a_rest_grows_with_each_wrong_password_and_has_an_end() -> None:
    wrongs, rests = Wrongs(), []
    for _ in range(14):
        wrongs = one_more(wrongs, 0)
        rests.append(rest_left_s(wrongs, 0))
    assert rests == [0, 0, 0, 0, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]
    assert rest_left_s(wrongs, 3600 * S) == 0
    assert rest_left_s(wrongs, -(10**6) * S) == 3600, "a clock that was put back locks nobody for longer"
    assert one_more(wrongs, 2 * 86_400 * S).count == 1


def test_an_account_rests_longer_each_time_and_a_restart_does_not_forget_it(case: Case, page: Client, clock: Clock) -> None:  # noqa: F811
    for _ in range(5):
        assert reason(sign_in(page, "wang", "wrong"))[1] == "wrong-password"
    assert reason(sign_in(page, "wang"))[1] == "locked"
    anew = Accounts(case.stage.store, clock=clock)
    assert rest_left_s(anew.book.find("wang").wrongs, clock.now.utc_ns) == 60  # type: ignore[union-attr]
    clock.pass_s(61)
    assert reason(sign_in(page, "wang", "wrong"))[1] == "wrong-password"
    clock.pass_s(61)
    assert "59 s" in sign_in(page, "wang").json()["error"]["en"]
    clock.pass_s(60)
    assert sign_in(page, "wang").status_code == 200
    assert reason(sign_in(page, "wang", "wrong"))[1] == "wrong-password", "the right password ends the count"


def test_a_name_without_an_account_rests_like_one(page: Client) -> None:
    answers = [reason(sign_in(page, "ghost", "wrong")) for _ in range(6)]
    assert answers == [(401, "wrong-password")] * 5 + [(429, "locked")]


def test_a_first_password_must_be_changed_before_anything_else(case: Case, page: Client) -> None:  # noqa: F811
    first = accounts_of(case).create_first("qian", "staff")
    assert sign_in(page, "qian", first).json()["must_change"] is True
    assert reason(page.get(f"{API}/state")) == (403, "password-first")
    with pytest.raises(WebSocketDisconnect), page.websocket_connect("wss://venue/api/v1/live"):
        pass

    def change(old: str, new: str) -> Any:
        return page.post(f"{API}/me/password", json={"old": old, "new": new})

    assert reason(change("wrong", PASSWORD)) == (403, "wrong-password")
    assert reason(change(first, "short")) == (409, "weak-password")
    assert reason(change(first, first))[1] == "same-password"
    assert change(first, PASSWORD).status_code == 204
    assert page.get(f"{API}/state").status_code == 200
    assert sign_in(page, "qian", first).status_code == 401


# second factor


def test_a_second_factor_is_asked_for_once_it_is_set_up(page: Client, clock: Clock) -> None:
    sign_in(page, "wang")
    assert reason(page.post(f"{API}/me/second-factor", json={"password": "wrong"})) == (403, "wrong-password")
    made = page.post(f"{API}/me/second-factor", json={"password": PASSWORD}).json()
    assert made["uri"].startswith("otpauth://totp/") and made["svg"].startswith("<svg")
    assert sign_in(page, "wang").status_code == 200, "a secret that nobody has shown a code of counts for nothing"
    assert reason(page.post(f"{API}/me/second-factor/confirm", json={"code": "000000"})) == (403, "wrong-code")
    assert len(page.post(f"{API}/me/second-factor/confirm", json={"code": code(made["secret"], clock)}).json()["codes"]) == 10
    clock.pass_s(30)
    assert reason(sign_in(page, "wang")) == (401, "second-factor")
    assert reason(sign_in(page, "wang", code="123456")) == (401, "wrong-code")
    assert sign_in(page, "wang", code=code(made["secret"], clock)).json()["second_factor"] is True
    assert reason(page.post(f"{API}/me/second-factor", json={"password": PASSWORD}))[1] == "has-second-factor"


def test_a_code_is_good_once(page: Client, clock: Clock) -> None:
    sign_in(page, "wang")
    secret, paper = enrol(page, clock)
    shown = code(secret, clock)
    assert sign_in(page, "wang", code=shown).status_code == 200
    assert reason(sign_in(page, "wang", code=shown)) == (401, "wrong-code")
    assert sign_in(page, "wang", code=paper[3].upper()).status_code == 200
    assert reason(sign_in(page, "wang", code=paper[3])) == (401, "wrong-code")


def test_wrong_codes_are_counted_like_wrong_passwords(page: Client, clock: Clock) -> None:
    sign_in(page, "wang")
    secret, _ = enrol(page, clock)
    for _ in range(5):
        assert reason(page.post(f"{API}/session/second-factor", json={"code": "000000"})) == (403, "wrong-code")
    assert reason(page.post(f"{API}/session/second-factor", json={"code": code(secret, clock)})) == (429, "locked")


def test_a_dangerous_act_asks_for_the_code_again_after_five_minutes(page: Client, clock: Clock) -> None:
    sign_in(page, "wang")
    secret, _ = enrol(page, clock)
    assert reason(page.delete(f"{API}/lockdown")) == (409, "no-lockdown"), "it has just been shown"
    clock.pass_s(300)
    assert reason(page.delete(f"{API}/lockdown")) == (403, "second-factor")
    assert page.get(f"{API}/state").status_code == 200
    assert page.post(f"{API}/session/second-factor", json={"code": code(secret, clock)}).status_code == 204
    assert reason(page.delete(f"{API}/lockdown")) == (409, "no-lockdown")


def test_a_venue_can_ask_a_role_for_a_second_factor(case: Case, page: Client, clock: Clock) -> None:  # noqa: F811
    accounts_of(case).config.second_factor_roles.append("supervisor")
    assert sign_in(page, "wang").json()["second_wanted"] is True
    assert reason(page.get(f"{API}/state")) == (403, "second-factor-missing")
    enrol(page, clock)
    assert page.get(f"{API}/state").status_code == 200


def test_who_shows_it_a_last_time_can_take_the_second_factor_away(page: Client, clock: Clock) -> None:
    sign_in(page, "wang")
    secret, _ = enrol(page, clock)
    assert reason(page.post(f"{API}/me/second-factor/remove", json={"code": "1"})) == (403, "wrong-code")
    assert page.post(f"{API}/me/second-factor/remove", json={"code": code(secret, clock)}).status_code == 204
    assert sign_in(page, "wang").status_code == 200


# secrets at rest


def test_no_secret_is_in_the_database_in_clear(case: Case, page: Client, clock: Clock) -> None:  # noqa: F811
    sign_in(page, "wang")
    secret, paper = enrol(page, clock)
    made = page.post(f"{API}/me/tokens", json={"name": "报表", "actions": ["look-lists"], "days": 7, "password": PASSWORD}).json()
    cookie = page.cookies[COOKIE]
    dump = "\n".join(case.stage.db.conn.iterdump())
    for hidden in (PASSWORD, secret, made["token"], cookie, *paper, *(c.replace("-", "") for c in paper)):
        assert hidden not in dump


def test_a_secret_opens_for_its_own_account_under_its_own_key(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "people.key"
    box = load_secret_box(path)
    sealed = box.seal("JBSWY3DP", "wang")
    assert load_secret_box(path).open(sealed, "wang") == "JBSWY3DP"
    assert path.stat().st_mode & 0o777 == 0o600
    for other, owner in ((box, "li"), (SecretBox(bytes(32)), "wang")):
        with pytest.raises(SealedElsewhere, match=f"second factor of {owner}.*reset the account"):
            other.open(sealed, owner)
    path.write_bytes(b"short")
    with pytest.raises(ValueError, match=r"people.key: 5 bytes.*restore it"):
        load_secret_box(path)


# sessions


def test_a_session_outlives_the_gateway(case: Case, page: Client, clock: Clock) -> None:  # noqa: F811
    sign_in(page, "wang")
    anew = Accounts(case.stage.store, clock=clock)
    found = anew.sessions.find(page.cookies[COOKIE], clock.now.utc_ns)
    assert found is not None and found.account == "wang"


def test_a_session_ends_when_nobody_uses_it_and_after_a_working_day(page: Client, clock: Clock) -> None:
    sign_in(page, "wang")
    for _ in range(5):
        clock.pass_s(119 * 60)
        assert page.get(f"{API}/state").status_code == 200
    clock.pass_s(121 * 60)
    assert reason(page.get(f"{API}/state")) == (401, "signed-out")
    sign_in(page, "wang")
    for _ in range(13):
        last = page.get(f"{API}/state").status_code
        clock.pass_s(3600)
    assert last == 401 or page.get(f"{API}/state").status_code == 401


def test_people_see_where_they_are_signed_in_and_end_it(case: Case, page: Client) -> None:  # noqa: F811
    sign_in(page, "wang")
    other = client(case, "wang")
    listed = page.get(f"{API}/me/sessions").json()
    assert sorted(s["own"] for s in listed) == [False, True]
    [stray] = [s["id"] for s in listed if not s["own"]]
    assert other.get(f"{API}/state").status_code == 200
    assert page.delete(f"{API}/me/sessions/{stray}").status_code == 204
    assert other.get(f"{API}/state").status_code == 401
    foreign = accounts_of(case).sessions.of("staff")[0].id
    assert page.delete(f"{API}/me/sessions/{foreign}").status_code == 404


def test_a_page_whose_session_has_ended_goes_dark_by_itself(case: Case, page: Client) -> None:  # noqa: F811
    sign_in(page, "wang")
    feed = page.app.state.services.feed  # type: ignore[attr-defined]
    with page.websocket_connect("wss://venue/api/v1/live") as live:
        assert live.receive_json()["kind"] == "state"
        accounts_of(case).sessions.end_all("wang")
        for queue in feed._pages:
            queue.put_nowait("{}")
        with pytest.raises(WebSocketDisconnect) as closed:
            live.receive_json()
    assert closed.value.code == 4401


# tokens


def test_a_token_does_what_it_names_until_it_ends(case: Case, page: Client, clock: Clock) -> None:  # noqa: F811
    sign_in(page, "wang")

    def make(*actions: str, password: str = PASSWORD) -> Any:
        return page.post(f"{API}/me/tokens", json={"name": "报表", "actions": actions, "days": 1, "password": password})

    assert reason(make("look-lists", password="wrong")) == (403, "wrong-password")
    assert reason(make("lift-lockdown")) == (409, "token")
    assert reason(make("press")) == (409, "token")
    made = make("look-lists").json()
    program = Client(page.app, base_url="https://venue", headers={"authorization": f"Bearer {made['token']}"})
    assert page.get(f"{API}/me/tokens").json()[0]["used_utc_ns"] is None
    assert program.get(f"{API}/projects").status_code == 200
    [listed] = page.get(f"{API}/me/tokens").json()
    assert listed["used_utc_ns"] == clock.now.utc_ns and "token" not in listed
    assert reason(program.get(f"{API}/state")) == (403, "token")
    assert reason(program.post(f"{API}/me/password", json={"old": PASSWORD, "new": "x"})) == (403, "token")
    clock.pass_s(86_401)
    assert program.get(f"{API}/projects").status_code == 401
    sign_in(page, "wang")
    again = make("look-lists").json()
    program.headers["authorization"] = f"Bearer {again['token']}"
    assert program.get(f"{API}/projects").status_code == 200
    assert page.delete(f"{API}/me/tokens/{again['id']}").status_code == 204
    assert program.get(f"{API}/projects").status_code == 401
    assert page.delete(f"{API}/me/tokens/{again['id']}").status_code == 404


def test_the_trigger_keeps_the_audit_from_being_changed_by_mistake(case: Case, page: Client) -> None:  # noqa: F811
    sign_in(page, "wang")
    for change in ("DELETE FROM audit", "UPDATE audit SET account = 'li'"):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            case.stage.db.conn.execute(change)
