"""Bytes from the broker → events.  Decoding and signatures happen here, on the link's thread, off the door's path."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from edge.core.events import BadMessage, DesiredArrived, Event, GatewayHeard, LeaseArrived, PolicyArrived, PulseArrived, SceneArrived
from edge.core.policy import verify_signed
from edge.shell.rollout import RolloutOrdered
from venue_model import signing
from venue_model.canonical import Plain
from venue_model.commissioning import Commission
from venue_model.ids import DoorId
from venue_model.signed import ack_bytes, held_bytes, lease_bytes, pulse_bytes, rollout_bytes
from venue_model.wire import Command, Desired, GatewayStatus, RoomScene, SignedPolicy, Topics, WireError, decode


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The gateway has committed this journal's lines up to `through`; its signature is verified."""

    journal: str
    through: int


@dataclass(frozen=True, slots=True)
class LinesHeld:
    """How far the gateway holds each of this agent's journals; its signature is verified."""

    journals: Mapping[str, int]


Kept = Acknowledged | LinesHeld | RolloutOrdered  # what the shell keeps to itself
Told = Event | Kept


def read_message(commission: Commission, topics: Topics, topic: str, payload: bytes) -> Told | None:
    """The event that a message means; `BadMessage` for what is none, None for what does not concern the agent."""
    if not payload:
        return None
    place = topics.parse_agent(topic)
    leaf = "gateway" if topic == topics.gateway else place[1] if place is not None else "scene"
    try:
        match leaf:
            case "policy":
                signed = decode(SignedPolicy, payload)
                if not verify_signed(signed, commission):
                    return BadMessage(leaf, "SignedPolicy: the signature is not by this venue's policy key")
                return PolicyArrived(signed.body)
            case "desired":
                return DesiredArrived(decode(Desired, payload))
            case "command":
                return _command(commission, decode(Command, payload))
            case "gateway":
                status = decode(GatewayStatus, payload)
                return GatewayHeard(status.on, status.epoch)
            case "scene":
                return SceneArrived(decode(RoomScene, payload))
            case _:
                return BadMessage(leaf, f"nothing is expected on {topic}")
    except WireError as fault:
        return BadMessage(leaf, str(fault))


def _command(commission: Commission, command: Command) -> Told:
    if command.kind == "ack":
        journal, through = command.body.get("journal"), command.body.get("through")
        if not isinstance(journal, str) or type(through) is not int or abs(through) >= 2**53:
            return BadMessage("command", "Command: ack: body needs journal (text) and through (number)")
        if not _genuine(commission, ack_bytes(commission.agent, journal, through), command.signature):
            return BadMessage("command", "Command: ack: the signature is not by this venue's policy key")
        return Acknowledged(journal, through)
    if command.kind == "lease":
        return _lease(commission, command)
    if command.kind == "held":
        journals = command.body.get("journals")
        if not isinstance(journals, dict) or not all(isinstance(name, str) and _is_count(seq) for name, seq in journals.items()):
            return BadMessage("command", "Command: held: body needs journals (journal → number)")
        if not _genuine(commission, held_bytes(commission.agent, journals, command.issued_utc_ns), command.signature):
            return BadMessage("command", "Command: held: the signature is not by this venue's policy key")
        return LinesHeld(journals)
    if command.kind == "pulse":
        door: Any = command.body.get("door")
        if not isinstance(door, str):
            return BadMessage("command", "Command: pulse: body needs door (text)")
        message = pulse_bytes(commission.agent, DoorId(door), command.id, command.issued_utc_ns)
        if not _genuine(commission, message, command.signature):
            return BadMessage("command", "Command: pulse: the signature is not by this venue's policy key")
        return PulseArrived(command.id, DoorId(door), command.issued_utc_ns, command.ttl_ms)
    if command.kind == "rollout":
        return _rollout(commission, command)
    return BadMessage("command", f"Command: kind {command.kind[:32]!r} is not known; known are ack, held, lease, pulse and rollout")


def _rollout(commission: Commission, command: Command) -> Told:
    match command.body:
        case {"kind": str(kind), "digest": str(digest), "bytes": int(size), "url": str(url), "back": bool(back)} if _is_count(size):
            body: dict[str, Plain] = {"kind": kind, "digest": digest, "bytes": size, "url": url, "back": back}
        case _:
            return BadMessage("command", "Command: rollout: body needs kind, digest, url (text), bytes (number) and back (true or false)")
    if not _genuine(commission, rollout_bytes(commission.agent, command.id, command.issued_utc_ns, body), command.signature):
        return BadMessage("command", "Command: rollout: the signature is not by this venue's policy key")
    return RolloutOrdered(command.id, command.issued_utc_ns, kind, digest, size, url, back)


def _lease(commission: Commission, command: Command) -> Event:
    session, renewal, lease_s, policy = (command.body.get(name) for name in ("session", "renewal", "lease_s", "policy"))
    if not (_is_count(session) and _is_count(renewal) and _is_count(lease_s) and isinstance(policy, str)):
        return BadMessage("command", "Command: lease: body needs session, renewal, lease_s (numbers) and policy (text)")
    message = lease_bytes(commission.agent, session, renewal, command.issued_utc_ns, lease_s, policy)
    if not _genuine(commission, message, command.signature):
        return BadMessage("command", "Command: lease: the signature is not by this venue's policy key")
    return LeaseArrived(session, renewal, lease_s, policy)


def _is_count(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < 2**53


def _genuine(commission: Commission, message: bytes, signature: str) -> bool:
    try:
        return signing.verifies(bytes.fromhex(commission.policy_key), message, bytes.fromhex(signature))
    except ValueError:
        return False
