"""What became of each item of a push, whatever a platform's words for it are."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from gateway.trading.base import OutboxItem, PlatformAway, PlatformRefused

MAX_REASON = 200  # characters of a platform's reason that are kept


def check_verdicts(where: str, items: Sequence[OutboxItem], verdicts: Mapping[str, str | None]) -> None:
    """`verdicts`: key → None when taken, else the reason of the refusal.  A missing one means: not delivered, send again."""
    silent = [item.key for item in items if item.key not in verdicts]
    if silent:
        raise PlatformAway(f"{where}: no verdict on {len(silent)} of {len(items)} items, first {silent[0]}")
    refused = {item.key: why[:MAX_REASON] or "no reason given" for item in items if (why := verdicts[item.key]) is not None}
    if refused:
        raise PlatformRefused(refused)


async def one_by_one(push: Callable[[Sequence[OutboxItem]], Awaitable[None]], items: Sequence[OutboxItem]) -> None:
    """Push each alone, because one spoils the batch; PlatformRefused names those that are refused even so."""
    refused: dict[str, str] = {}
    for item in items:
        try:
            await push([item])
        except PlatformRefused as error:
            refused |= error.why
    if refused:
        raise PlatformRefused(refused)
