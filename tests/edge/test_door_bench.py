"""The figure of `bidhall bench door` is taken through the real path."""

import pytest

from edge.bench.door import measure


@pytest.mark.parametrize("rules", [False, True])
def test_every_read_opens_the_door_and_the_disk_is_the_greater_part(rules: bool) -> None:
    figures = measure(n=20, entries=10, rules=rules)
    assert figures["n"] == 20
    assert 0 < figures["added_p50_ms"] < figures["path_p50_ms"]
    assert figures["floor_p50_ms"] > 0
