"""The rules of signing in: which passwords are good enough, and how long an account rests after wrong ones.  Pure."""

from dataclasses import dataclass

from venue_model.moments import S
from venue_model.venue import Name

LONG, LONG_WITH_SECOND = 12, 10  # characters
LOCK_AFTER = 5  # wrong passwords in a row (GB 50396 asks for an alarm after at most 5)
FIRST_REST_S, LONGEST_REST_S = 60, 3600
FORGET_S = 86_400  # a wrong password of yesterday is nobody's attack


def password_fault(account: str, password: str, has_second: bool) -> Name | None:
    """Why this password will not do, or None."""
    least = LONG_WITH_SECOND if has_second else LONG
    if len(password) < least:
        return Name(
            f"密码至少 {LONG} 位;已绑定二次验证的账号至少 {LONG_WITH_SECOND} 位",
            f"a password has at least {LONG} characters, or {LONG_WITH_SECOND} with a second factor; this one has {len(password)}",
        )
    if account.lower() in password.lower():
        return Name("密码不能包含账号名", "a password must not hold the account's name")
    if len(set(password)) < 4:
        return Name("密码太简单:至少使用 4 种不同字符", "too simple: use at least 4 different characters")
    return None


@dataclass(frozen=True, slots=True)
class Wrongs:
    """Wrong passwords in a row, and when the last one came."""

    count: int = 0
    last_utc_ns: int = 0


def rest_left_s(wrongs: Wrongs, now_utc_ns: int) -> int:
    """How much longer an account rests: a minute after the fifth wrong password, twice as long after each further one."""
    if wrongs.count < LOCK_AFTER:
        return 0
    rest_s = min(FIRST_REST_S << min(wrongs.count - LOCK_AFTER, 10), LONGEST_REST_S)
    # A clock that was put back must not lock an account for longer than the rest itself.
    passed_s = max(0, now_utc_ns - wrongs.last_utc_ns) // S
    return max(0, rest_s - passed_s)


def one_more(wrongs: Wrongs, now_utc_ns: int) -> Wrongs:
    """After another wrong password."""
    old = now_utc_ns - wrongs.last_utc_ns > FORGET_S * S
    return Wrongs(1 if old else wrongs.count + 1, now_utc_ns)
