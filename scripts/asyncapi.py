"""Writes docs/asyncapi.json (or the file named): the wire of docs/wire.md for tools, AsyncAPI 3, from `venue_model.wire` itself.

Seen from a board: it receives what the gateway sends to it, and sends what the gateway reads.
"""

import inspect
import json
import sys
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter

from venue_model import wire
from venue_model.ids import VenueId
from venue_model.session import agent_reads, agent_writes

VENUE, AGENT, ROOM = "{venue}", "{agent}", "{room}"
# The last part of a topic → the message that it carries.
CARRIES: dict[str, type[Any]] = {
    "meta": wire.Meta, "status": wire.Status, "desired": wire.Desired, "reported": wire.Reported, "policy": wire.SignedPolicy,
    "command": wire.Command, "event": wire.Events, "renewal": wire.Renewal, "certificate": wire.Certificate, "scene": wire.RoomScene,
    "gateway": wire.GatewayStatus,
}  # fmt: skip
RETAINED = frozenset({"meta", "status", "desired", "reported", "policy", "scene", "gateway"})
PARAMETERS = {
    "venue": "the venue's id, as in venue.toml", "agent": "a board's id: its user name at the broker", "room": "a room's id",
}  # fmt: skip


def document() -> dict[str, Any]:
    """The whole document."""
    topics = wire.Topics(VenueId(VENUE))
    reads, writes = agent_reads(topics, AGENT, [ROOM], certified=True), agent_writes(topics, AGENT)
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for address in (*writes, *reads):
        leaf = address.rpartition("/")[2]
        message = CARRIES[leaf].__name__
        channels[leaf] = {
            "address": address,
            "messages": {message: {"$ref": f"#/components/messages/{message}"}},
            "parameters": {name: {"description": text} for name, text in PARAMETERS.items() if f"{{{name}}}" in address},
            "bindings": {"mqtt": {"bindingVersion": "0.2.0"}},
        }
        action = "send" if address in writes else "receive"
        operations[f"{action}{message}"] = {
            "action": action,
            "channel": {"$ref": f"#/channels/{leaf}"},
            "messages": [{"$ref": f"#/channels/{leaf}/messages/{message}"}],
            "bindings": {"mqtt": {"qos": 1, "retain": leaf in RETAINED, "bindingVersion": "0.2.0"}},
        }
    messages, schemas = _shapes()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "bidhall: boards and gateway",
            "version": "1",
            "description": "MQTT between the boards of a venue and its gateway. Meaning, order and signatures: docs/wire.md.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def _shapes() -> tuple[dict[str, Any], dict[str, Any]]:
    messages: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for kind in get_args(wire.Message):
        schema = TypeAdapter(kind).json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
        for name, part in schema.pop("$defs", {}).items():
            schemas[name] = part
        schemas[kind.__name__] = schema
        messages[kind.__name__] = {
            "name": kind.__name__,
            "summary": (inspect.getdoc(kind) or "").splitlines()[0],
            "contentType": "application/json",
            "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
        }
    return messages, dict(sorted(schemas.items()))


def text() -> str:
    """As it is committed."""
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "docs" / "asyncapi.json"
    target.write_text(text(), "utf-8")
