"""Bytes become messages or one clear error; topics lead back to the agent that wrote them."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venue_model.ids import BoardId, DeviceId, LotId, RoomId, RunId, VenueId
from venue_model.wire import (
    MAX_BYTES,
    Binding,
    Command,
    Desired,
    DeviceReport,
    Events,
    GatewayStatus,
    JournalEvent,
    Message,
    Meta,
    Reported,
    RoomScene,
    Status,
    Topics,
    Want,
    WireError,
    decode,
    encode,
)

KINDS: tuple[Any, ...] = get_args(Message)
TOPICS = Topics(VenueId("county-hall"))
WANT = Want(record=Binding("P", "L", "o1", "o1-near", "r"))
MESSAGES: list[Message] = [
    Status(True, 7),
    Meta(BoardId("front"), "0.1", (DeviceId("d"),), (), "ab"),
    Desired(3, 9, RunId("r"), 1_800_000_000_000_000_000, {DeviceId("cam"): WANT, DeviceId("sign"): Want(lines=("开标中",), colour="red")}),
    RoomScene(3, RunId("r"), RoomId("o1"), "opening", {BoardId("b"): 9}, {DeviceId("l"): Want(on=True)}),
    Reported(7, 3, 9, {DeviceId("d"): DeviceReport(200, state={"recording": True})}, {}),
    Events("j", (JournalEvent(1, 5, "passage", {"door": "d"}, LotId("L")),)),
    Command("c", "ack", 1, 1000, {"through": 4}, "00"),
    GatewayStatus(True, 3),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_a_message_survives_the_wire(message: Message) -> None:
    assert decode(type(message), encode(message)) == message


def test_a_newer_program_may_say_more() -> None:
    assert decode(Status, b'{"on":true,"session":7,"mood":"good"}') == Status(True, 7)


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        (Status, b"", "Status: message: Invalid JSON"),
        (Status, b'{"on":true}', "Status: session: Field required"),
        (Status, b'{"on":true,"session":-1}', "Status: session: "),
        (Status, b'{"on":true,"session":9223372036854775808}', "Status: session: "),
        (Events, b'{"journal":"j","events":[{"seq":1,"utc_ns":1,"kind":"a"}]}', "Events: events.0.body: Field required"),
        (Events, b'{"journal":"j","events":[{"seq":1,"utc_ns":1e30,"kind":"a","body":{}}]}', "Events: events.0.utc_ns: "),
        (Desired, b"[" * 10_000, "Desired: message: Invalid JSON"),
        (Status, b" " * (MAX_BYTES + 1), f"Status: {MAX_BYTES + 1} bytes, at most {MAX_BYTES} are accepted"),
    ],
    ids=["empty", "missing", "negative", "too-large", "nested", "float", "deep", "long"],
)
def test_a_fault_names_message_field_and_cause(kind: Any, data: bytes, text: str) -> None:
    with pytest.raises(WireError) as caught:
        decode(kind, data)
    assert str(caught.value).startswith(text)


KEYS = st.sampled_from(["on", "session", "events", "v", "doors", "journal", "x"])
json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(KINDS), st.binary(max_size=60) | json_like.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_do_more_than_raise_a_wire_error(kind: Any, data: bytes) -> None:
    try:
        decode(kind, data)
    except WireError as error:
        assert str(error).startswith(kind.__name__)


@given(st.sampled_from(MESSAGES), st.data())
def test_a_torn_or_bent_message_does_no_more_than_raise_a_wire_error(message: Message, data: st.DataObject) -> None:
    good = encode(message)
    at = data.draw(st.integers(0, len(good) - 1))
    bent = good[:at] + data.draw(st.binary(max_size=3)) + good[at + data.draw(st.integers(0, 3)) :]
    try:
        decode(type(message), bent)
    except WireError:
        pass


def test_a_topic_leads_back_to_its_agent() -> None:
    assert TOPICS.parse_agent(TOPICS.agent("front", "reported")) == ("front", "reported")


@pytest.mark.parametrize(
    "topic",
    ["", "bidhall/v1/other/agent/front/status", "bidhall/v1/county-hall/agent/front", "bidhall/v1/county-hall/agent/a/b/c", TOPICS.gateway,
     TOPICS.room_scene("o1")],
)  # fmt: skip
def test_any_other_topic_is_nobodys(topic: str) -> None:
    assert TOPICS.parse_agent(topic) is None
