"""Time as values.  The only place that converts units; integers everywhere, because floats drift."""

import datetime
from dataclasses import dataclass

MS = 1_000_000  # nanoseconds in a millisecond
S = 1_000_000_000  # nanoseconds in a second


@dataclass(frozen=True, slots=True)
class Now:
    """The moment a shell hands to a core."""

    mono_ns: int  # for timeouts and leases; counted on this machine only
    utc_ns: int  # for records and for times that another machine wrote
    utc_error_ns: int = 0  # how far `utc_ns` may be off


def utc_text(utc_ns: int) -> str:
    """RFC 3339 in UTC with milliseconds, as shown in records.

    >>> utc_text(1_800_000_000_123_000_000)
    '2027-01-15T08:00:00.123Z'
    """
    seconds, rest_ns = divmod(utc_ns, S)
    stamp = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return f"{stamp:%Y-%m-%dT%H:%M:%S}.{rest_ns // MS:03d}Z"


def utc_ns(text: str) -> int:
    """The inverse of `utc_text`, for any RFC 3339 time with a zone.  ValueError without a zone.

    >>> utc_ns("2027-01-15T16:00:00.123+08:00")
    1800000000123000000
    """
    stamp = datetime.datetime.fromisoformat(text)
    if stamp.tzinfo is None:
        raise ValueError(f"time {text!r} has no zone; write it as 2027-01-15T16:00:00+08:00")
    since = stamp - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (since.days * 86_400 + since.seconds) * S + since.microseconds * 1_000
