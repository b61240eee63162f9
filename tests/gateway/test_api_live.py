"""The live feed towards one page."""

import asyncio
import json
from typing import Any, cast

import pytest

from gateway.api import live
from gateway.core.rights import Viewer
from gateway.shell.view import View


class _Message:
    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body

    def model_dump_json(self) -> str:
        return json.dumps(self.body)


class _QuietVenue:
    """A view in which nothing ever happens."""

    def unseen(self, viewers: set[Viewer]) -> int:
        return 0

    def state(self, seq: int, _: object, viewer: Viewer) -> _Message:
        return _Message({"kind": "state", "seq": seq})

    def patch(self, seq: int, dirty: dict[str, set[str]], events: list[Any], _: object, viewer: Viewer) -> _Message:
        return _Message({"kind": "patch", "seq": seq, "changed": sorted(dirty), "events": events})


def test_a_quiet_venue_still_says_that_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BEAT_S", 0.02)

    async def watch() -> list[dict[str, Any]]:
        feed = live.LiveFeed(cast(View, _QuietVenue()))
        feed.start()
        page = feed.join(Viewer("staff"))
        heard = [await asyncio.wait_for(page.get(), 10) for _ in range(3)]
        await feed.close()
        return [json.loads(text) for text in heard if text is not None]

    whole, first, second = asyncio.run(watch())
    assert whole["kind"] == "state"
    assert [first["seq"], second["seq"]] == [whole["seq"] + 1, whole["seq"] + 2]
    assert first["changed"] == [] and first["events"] == []
