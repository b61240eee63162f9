"""Beijing wall time, as provinces and spreadsheets write it: China has one zone, and nobody there writes it down."""

import datetime

from gateway.trading.fields import in_time
from venue_model.moments import S

BEIJING = datetime.timezone(datetime.timedelta(hours=8))
_FORMATS = ("%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M")


def local_time(text: object) -> int:
    """A Beijing time as such interfaces write it.  ValueError otherwise."""
    for form in _FORMATS:
        try:
            stamp = datetime.datetime.strptime(text if isinstance(text, str) else "", form).replace(tzinfo=BEIJING)
            return in_time(int((stamp - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)).total_seconds()) * S)
        except ValueError:
            continue
    raise ValueError("is not a time such as 20270115160000 or 2027-01-15 16:00:00")


def wall_time(utc_ns: int) -> str:
    """Beijing wall time to the second.

    >>> wall_time(1_800_000_000_123_000_000)
    '20270115160000'
    """
    return f"{datetime.datetime.fromtimestamp(utc_ns // S, BEIJING):%Y%m%d%H%M%S}"
