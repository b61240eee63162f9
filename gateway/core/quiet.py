"""Quiet alarms must not wait unseen: when nobody who may see one looks at a page, staff hear that one waits, and nothing else.  Pure."""

from dataclasses import dataclass

from venue_model.moments import S

CODE = "quiet-waiting"
PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class Quiet:
    """Since when quiet alarms have waited without anybody to see them, and how many staff were told of."""

    unseen_since_mono_ns: int | None = None
    told: int = 0


def step(quiet: Quiet, unseen: int, now_mono_ns: int) -> Quiet:
    """`unseen`: how many quiet alarms stand that no page shows just now."""
    if unseen == 0:
        return Quiet()
    since = now_mono_ns if quiet.unseen_since_mono_ns is None else quiet.unseen_since_mono_ns
    return Quiet(since, unseen if now_mono_ns - since >= PATIENCE_S * S else 0)
