"""T6: somebody in the broker's network without a certificate, with a foreign one, or with another board's: nothing heard, nothing moved."""

import asyncio
import contextlib
import socket
import ssl
import threading
from pathlib import Path

import pytest
from broker_case import KINDS, TOPICS, bare_will, until
from cryptography.hazmat.primitives.asymmetric import ec
from pki_case import Board, certified, rogue, shown

from edge.shell.identity import Identity
from gateway.broker.supervisor import Kind
from gateway.pki import ca
from gateway.pki.store import certificate_pem, key_pem, new_serial, utc_now
from venue_model.ids import BoardId
from venue_model.session import client_id
from venue_model.wire import MAX_BYTES

pytestmark = [pytest.mark.parts, pytest.mark.parametrize("kind", KINDS)]


def foreign(folder: Path, name: str) -> Path:
    """Key and certificate in a board's name, by an authority of the thief's own."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    authority = ca.make_authority("hall", keys[0], new_serial(), utc_now())
    certificate = ca.issue_client(authority, keys[0], keys[1].public_key(), name, new_serial(), utc_now())
    path = folder / f"foreign-{name}.pem"
    path.write_text(key_pem(keys[1]) + certificate_pem(certificate), "ascii")
    return path


@pytest.mark.parametrize("shows", ["nothing", "a certificate by its own authority", "no TLS"])
def test_a_stranger_gets_no_answer(tmp_path: Path, kind: Kind, shows: str) -> None:
    async def scenario() -> None:
        async with certified(tmp_path, kind) as hall, Board(hall) as victim:
            await victim.settle()
            if shows == "no TLS":
                reader, writer = await asyncio.open_connection("127.0.0.1", hall.broker.port)
                writer.write(b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02xy")
                with contextlib.suppress(ConnectionError):
                    assert 0x20 not in await asyncio.wait_for(reader.read(100), 10), "a CONNACK"
                writer.close()
            else:
                identity = foreign(tmp_path, "a1") if shows.startswith("a") else None
                with contextlib.suppress(OSError):  # refused in the handshake, or right after it
                    async with rogue(hall, identity, "a1") as stranger:
                        await until(lambda: stranger.cut, "the end of the connection")
                        assert stranger.code != 0
            assert victim.link.up and victim.ups.count(False) == 1, "only its own first renewal"

    asyncio.run(scenario())


def test_another_boards_certificate_opens_nothing_of_this_one(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with certified(tmp_path, kind) as hall, Board(hall) as victim, Board(hall, "b1") as honest:
            await victim.settle()
            await honest.settle()
            stolen = honest.copy(tmp_path / "stolen") / "identity.pem"
            await asyncio.to_thread(honest.link.close)
            hall.link.publish(TOPICS.agent("a1", "policy"), b"secret", retain=True)
            await until(lambda: any(payload == b"secret" for _, payload in victim.got))
            seen, ups = len(hall.got), list(victim.ups)
            for name in ("a1", client_id("a1"), client_id("a1", b""), "gateway", "gateway~"):
                async with rogue(hall, stolen, name, user="a1") as thief:
                    assert thief.code == 0, "it is a guest, in its own name"
                    for wish in ("#", "$MQTT/#", "$SYS/#", f"{TOPICS.root}/#", TOPICS.agent("+", "policy"), TOPICS.agent("a1", "policy")):
                        with contextlib.suppress(TimeoutError):
                            await thief.subscribe(wish)
                    for leaf in ("meta", "status", "desired", "reported", "policy", "command", "event", "renewal", "certificate"):
                        await thief.publish(TOPICS.agent("a1", leaf), b"forged", retain=True)
                    for topic in (TOPICS.agent("b1", "desired"), TOPICS.room_scene("r"), TOPICS.gateway):
                        await thief.publish(topic, b"forged", retain=True)
                    await thief.publish(TOPICS.agent("b1", "reported"), b"honest")
                    hall.link.publish(TOPICS.agent("a1", "policy"), b"secret again", retain=True)
                    await until(lambda: hall.heard("b1", "reported"), "what it may say")
                    await until(lambda: victim.got[-1][1] == b"secret again", "what the victim may hear")
                    assert {topic for topic, _ in thief.got} <= {TOPICS.gateway}, "what every board may hear, and no more"
                hall.got = [(topic, payload) for topic, payload in hall.got if payload != b"honest"]
            assert not [payload for _, payload in hall.got[seen:] if payload == b"forged"]
            assert not [payload for _, payload in victim.got if payload == b"forged"]
            assert victim.ups == ups and victim.link.up, "its session was never taken"

    asyncio.run(scenario())


def test_a_last_will_on_anothers_topic_is_not_published(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with certified(tmp_path, kind) as hall, Board(hall, "b1") as honest:
            await honest.settle()
            stolen = honest.copy(tmp_path / "stolen") / "identity.pem"
            await asyncio.to_thread(honest.link.close)
            hall.got.clear()
            for topic in (TOPICS.agent("a1", "status"), TOPICS.gateway, TOPICS.agent("b1", "status")):
                await bare_will(hall.broker, topic, tls=shown(hall.desk.own.authority_path, stolen))
            await until(lambda: hall.heard("b1", "status"), "the will in its own name")
            assert not hall.heard("a1", "status")
            assert hall.link.up

    asyncio.run(scenario())


def test_a_board_cannot_pose_as_the_gateway(tmp_path: Path, kind: Kind) -> None:
    """A stolen board's certificate serves a broker of the thief's: the authority issues one server, and boards look for that."""

    async def scenario() -> None:
        async with certified(tmp_path, kind) as hall, Board(hall, "b1") as honest:
            await honest.settle()
            stolen = honest.copy(tmp_path / "stolen") / "identity.pem"
            issued, authority = hall.desk.folder(BoardId("a1")), hall.desk.own.authority_path
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(stolen)
        victim = Identity(issued, tmp_path / "none.pem", BoardId("a1"), lambda: honest.identity._now())
        with socket.create_server(("127.0.0.1", 0)) as trap:
            thread = threading.Thread(target=_serve_once, args=(trap, server))
            thread.start()
            with socket.create_connection(trap.getsockname()) as raw, pytest.raises(ssl.SSLError) as refusal:
                victim.context().wrap_socket(raw)
            thread.join()
        assert "purpose" in str(refusal.value), authority
        assert "not this venue's gateway" in (victim.explain(str(refusal.value)) or "")

    asyncio.run(scenario())


def _serve_once(trap: socket.socket, context: ssl.SSLContext) -> None:
    raw, _ = trap.accept()
    with contextlib.suppress(OSError), raw:
        context.wrap_socket(raw, server_side=True).close()


def test_a_giant_message_ends_the_connection_before_it_fills_the_memory(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        async with certified(tmp_path, kind) as hall, Board(hall, "b1") as honest:
            await honest.settle()
            stolen = honest.copy(tmp_path / "stolen") / "identity.pem"
            await asyncio.to_thread(honest.link.close)
            before = resident_mb(hall.broker.pid)
            async with rogue(hall, stolen, "b1") as flood:
                await flood.publish(TOPICS.agent("b1", "reported"), b"x" * MAX_BYTES)
                flood.send(b"\x32\xff\xff\xff\x7f" + b"x" * MAX_BYTES * 2)  # announces 256 MB
                await until(lambda: flood.cut, "the end of the connection")
            assert resident_mb(hall.broker.pid) - before < 64
            assert hall.link.up

    asyncio.run(scenario())


def resident_mb(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
