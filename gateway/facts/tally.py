"""What is counted while it happens: decisions of doors, scene runs, gaps, messages, and how long the event loop paused.

Counters begin at zero with the program, as Prometheus expects.  No label ever names a person.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateway.core.scene_run import Run
from gateway.shell.agents import Link
from venue_model.ids import RunId, is_id
from venue_model.moments import MS
from venue_model.rules import RULES
from venue_model.scenes import SceneId

# Seconds: a room's 20 devices answer within 0.3, and the longest stage gives up after tens.
LATENCY_S = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
BEAT_S = 0.5
REMEMBERED = int(60 / BEAT_S)  # pauses of the last minute
# A board may write any word into its journal: only words that we know become labels, so that none can fill the scraper's disk.
_SCENES, _RULES = frozenset(SceneId), frozenset(RULES)
_RESULTS = frozenset({"ok", "degraded", "partial", "compensated", "superseded", "failed"})
MOST_CAUSES = 30


class Tally:
    """The counters of one gateway."""

    def __init__(self, run_of: Callable[[RunId], Run | None]) -> None:
        self._run_of = run_of
        self.decisions: Counter[tuple[str, str]] = Counter()  # (granted or refused, rule)
        self.runs: Counter[tuple[str, str]] = Counter()  # (scene, result)
        self.latency: dict[str, list[int]] = {}  # scene → runs by bucket, the last is beyond all
        self.latency_sum_s: dict[str, float] = {}
        self.gaps: Counter[str] = Counter()  # by cause
        self.messages: Counter[str] = Counter()  # in, out
        self.bytes: Counter[str] = Counter()
        self._pauses_ms: deque[int] = deque(maxlen=REMEMBERED)

    def heard(self, hear: Callable[[str, bytes], None]) -> Callable[[str, bytes], None]:
        """`hear` with every message counted."""

        def counted(topic: str, payload: bytes) -> None:
            self.message("in", len(payload))
            hear(topic, payload)

        return counted

    def counted(self, tell: Callable[[list[dict[str, Any]]], None]) -> Callable[[list[dict[str, Any]]], None]:
        """`tell` with every line counted."""

        def counted(lines: list[dict[str, Any]]) -> None:
            self.lines(lines)
            tell(lines)

        return counted

    def lines(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """New lines of the journal."""
        for line in lines:
            body = line["body"]
            match line["kind"]:
                case "grant":
                    self.decisions["granted", ""] += 1
                case "refusal":
                    self.decisions["refused", _known(body.get("rule"), _RULES)] += 1
                case "scene":
                    self._scene(str(body.get("run")), _known(body.get("scene"), _SCENES), _known(body.get("result"), _RESULTS))
                case "gap" if body.get("to_utc_ns") is not None:
                    self.gaps[self._cause(body.get("cause"))] += 1

    def _scene(self, run_id: str, scene: str, result: str) -> None:
        self.runs[scene, result] += 1
        run = self._run_of(RunId(run_id))
        if run is None or run.ended_utc_ns is None:
            return
        took_s = (run.ended_utc_ns - run.began_utc_ns) / 1e9
        buckets = self.latency.setdefault(scene, [0] * (len(LATENCY_S) + 1))
        buckets[next((place for place, limit in enumerate(LATENCY_S) if took_s <= limit), len(LATENCY_S))] += 1
        self.latency_sum_s[scene] = self.latency_sum_s.get(scene, 0.0) + took_s

    def _cause(self, cause: object) -> str:
        """Recorders name causes freely; a venue has a handful."""
        known = isinstance(cause, str) and is_id(cause) and (cause in self.gaps or len(self.gaps) < MOST_CAUSES)
        return str(cause) if known else "other"

    def message(self, way: str, size: int) -> None:
        """One MQTT message; `way` is in or out."""
        self.messages[way] += 1
        self.bytes[way] += size

    @property
    def lag_ms(self) -> int:
        """The longest pause of the event loop in the last minute."""
        return max(self._pauses_ms, default=0)

    async def watch_loop(self) -> None:
        """Until cancelled: how much later than asked does this task wake up?"""
        while True:
            asked_ns = time.monotonic_ns() + int(BEAT_S * 1000) * MS
            await asyncio.sleep(BEAT_S)
            self._pauses_ms.append(max(0, (time.monotonic_ns() - asked_ns) // MS))


class CountedLink:
    """The way to the broker, counted."""

    def __init__(self, link: Link, tally: Tally) -> None:
        self._link, self._tally = link, tally

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """As the link does."""
        self._tally.message("out", len(payload))
        self._link.publish(topic, payload, retain=retain)


def _known(word: object, words: frozenset[Any]) -> str:
    return str(word) if word in words else "other"
