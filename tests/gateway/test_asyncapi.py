"""The documents for other people's tools say what the program says: the wire as AsyncAPI, the HTTP API as OpenAPI."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import jsonschema_rs
import pytest

import bidhall
from venue_model import wire
from venue_model.door_policy import Approval, Approved, ComponentPolicy, Elsewhere, Pass, PolicyBody
from venue_model.groups import Role
from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId, LotId, PersonKey, RoomId, RunId, VenueId
from venue_model.profiles import DoorMode
from venue_model.session import agent_reads, agent_writes

ROOT = Path(bidhall.__file__).parent
UTC = 1_800_000_000_000_000_000


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"script_{name}", ROOT / "scripts" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


ASYNC = script("asyncapi")
DOCUMENT: dict[str, Any] = ASYNC.document()
WANT = wire.Want(("一号厅", "开标中"), "green", wire.Binding("P-1", "L1", "o1", "o1-near", "r1"), True)
POLICY = ComponentPolicy(
    ComponentId("o1"), 1, 4, DoorMode.PREPARATION, (Role.AGT,), False,
    (Pass("ab" * 32, PersonKey("agt-1"), Role.AGT, LotId("L1"), 0, UTC),),
    (Approved("release", 3, (Approval("zhang", "cd" * 64),)),),
)  # fmt: skip
EXAMPLES: tuple[wire.Message, ...] = (
    wire.Status(True, 7),
    wire.Meta(BoardId("opening"), "1.0", (DeviceId("o1-sign"),), (DoorId("o1-door"),), "ab" * 32),
    wire.Desired(3, 4, RunId("r1"), UTC, {DeviceId("o1-sign"): WANT}),
    wire.RoomScene(3, RunId("r1"), RoomId("o1"), "opening", {BoardId("opening"): 4}, {DeviceId("o1-sign"): wire.Want()}),
    wire.Reported(
        7, 3, 4, {DeviceId("o1-sign"): wire.DeviceReport(500, RunId("r1"), "no answer", 12, False, {"lines": ["x"]})},
        {DoorId("o1-door"): wire.DoorReport("closed", False, False, {ComponentId("o1"): wire.ComponentReport(1, 4, -1, True)}, 60)},
    ),
    wire.Events("j1", (wire.JournalEvent(1, UTC, "passage", {"door": "o1-door", "deep": [1, None, {"a": 0.5}]}, LotId("L1")),)),
    wire.Command("ack-1", "ack", UTC, 60_000, {"journal": "j1", "through": 1}, "ab" * 64),
    wire.SignedPolicy(
        PolicyBody(VenueId("v"), BoardId("opening"), 7, 9, UTC, 60, "00" * 16, (POLICY,), (Elsewhere("ef" * 32, Role.BID),)), "ab" * 64
    ),
    wire.Renewal("0a", "-----BEGIN"),
    wire.Certificate("-----BEGIN"),
    wire.GatewayStatus(True, 3),
)  # fmt: skip


def schema_of(kind: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{kind}", "components": DOCUMENT["components"]}


def test_there_is_an_example_of_every_message() -> None:
    assert {type(example) for example in EXAMPLES} == set(get_args(wire.Message))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: type(e).__name__)
def test_the_bytes_of_a_message_fit_its_schema_and_broken_ones_do_not(example: wire.Message) -> None:
    validator = jsonschema_rs.validator_for(schema_of(type(example).__name__))
    sent = json.loads(wire.encode(example))
    validator.validate(sent)
    first = next(iter(sent))
    assert not validator.is_valid({**sent, first: {"no": "such"}})
    assert not validator.is_valid({name: value for name, value in sent.items() if name != first})


def test_every_topic_of_the_wire_is_a_channel_with_its_message() -> None:
    topics = wire.Topics(VenueId("{venue}"))
    known = {channel["address"]: list(channel["messages"]) for channel in DOCUMENT["channels"].values()}
    assert set(known) == {*agent_reads(topics, "{agent}", ["{room}"], certified=True), *agent_writes(topics, "{agent}")}
    assert sorted(message for messages in known.values() for message in messages) == sorted(k.__name__ for k in get_args(wire.Message))


def test_every_reference_leads_somewhere() -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [value["$ref"]] if "$ref" in value else [ref for part in value.values() for ref in references(part)]
        return [ref for part in value for ref in references(part)] if isinstance(value, list) else []

    for reference in references(DOCUMENT):
        place: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_what_is_retained_is_what_the_page_says() -> None:
    page = (ROOT / "docs" / "wire.md").read_text("utf-8")
    for operation in DOCUMENT["operations"].values():
        leaf = operation["channel"]["$ref"].rpartition("/")[2]
        address = DOCUMENT["channels"][leaf]["address"].removeprefix("bidhall/v1/{venue}/")
        row = next(line for line in page.splitlines() if line.startswith(f"| `{address}` |"))
        assert ("| yes |" in row) == operation["bindings"]["mqtt"]["retain"], row


@pytest.mark.parametrize("name", ["asyncapi", "openapi"])
def test_the_committed_document_is_of_this_program(name: str) -> None:
    committed = (ROOT / "docs" / f"{name}.json").read_text("utf-8")
    assert script(name).text() == committed, f"run .venv/bin/python scripts/{name}.py"
