"""The rules that both ends of the MQTT link share."""

import pytest

from venue_model.ids import VenueId
from venue_model.session import BACKOFF_CAP_S, agent_reads, agent_writes, backoff_s, check_publishable, is_will_stale, next_attempt
from venue_model.wire import MAX_BYTES, Status, Topics


@pytest.mark.parametrize(
    ("living", "status", "stale"),
    [
        (8, Status(on=False, session=7), True),
        (8, Status(on=False, session=8), False),
        (8, Status(on=False, session=9), False),  # we missed the birth of 9, and now it is dead
        (8, Status(on=True, session=7), False),  # a new disk counts from the start
    ],
)
def test_only_the_late_will_of_a_replaced_session_is_ignored(living: int, status: Status, stale: bool) -> None:
    assert is_will_stale(living, status) is stale


def test_a_thousand_agents_do_not_come_back_in_step() -> None:
    waits = [backoff_s(4, chance / 1_000) for chance in range(1_000)]
    assert min(waits) == 0.0
    assert max(waits) < BACKOFF_CAP_S
    assert len({round(wait, 1) for wait in waits}) > 30


def test_an_agent_that_is_kicked_at_once_waits_longer_each_time() -> None:
    attempt = 0
    waits = []
    for _ in range(6):
        attempt = next_attempt(attempt, lasted_s=1.0)
        waits.append(backoff_s(attempt, 1.0))
    assert waits == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert next_attempt(attempt, lasted_s=3_600.0) == 0


@pytest.mark.parametrize("topic", ["", "a/+/b", "a/#", "a\0b"])
def test_a_topic_that_a_broker_would_cut_us_off_for_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match="cannot be published to"):
        check_publishable(topic, b"")


def test_the_largest_message_may_be_sent_and_one_byte_more_may_not() -> None:
    check_publishable("a", b"x" * MAX_BYTES)
    with pytest.raises(ValueError, match="split the message"):
        check_publishable("a", b"x" * (MAX_BYTES + 1))


def test_no_agent_reads_what_agents_write() -> None:
    topics = Topics(VenueId("hall"))
    assert not set(agent_reads(topics, "a")) & set(agent_writes(topics, "a"))
    assert all("/agent/a/" in topic for topic in agent_writes(topics, "a"))
