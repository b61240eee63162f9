"""Messages and acknowledgements taken out of the broker's stream, whatever the pieces that it comes in."""

import asyncio
import socket

import pytest

from gateway.broker import frames
from gateway.shell.mqtt_packets import PacketCutter
from gateway.shell.mqtt_socket import BatchedSocket

CONNACK, SUBACK = b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x01"


class Taken:
    """A cutter that remembers."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.acknowledged: list[int] = []
        self.cutter = PacketCutter(lambda topic, payload: self.messages.append((topic, payload)), self.acknowledged.append)


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64, 100_000])
def test_every_message_is_heard_once_and_answered_and_the_rest_is_pahos_in_order(piece: int) -> None:
    sent = [(f"a/{size}", b"x" * size) for size in (0, 1, 126, 127, 128, 16_383, 16_384)]
    once = b"\x30\x05\x00\x01q" + b"q0"  # at QoS 0: nobody waits for an answer
    stream = CONNACK + frames.puback(9) + once + SUBACK
    stream += b"".join(frames.publish(number, topic, payload) for number, (topic, payload) in enumerate(sent, 0xFFF0)) + frames.puback(300)
    taken = Taken()
    others, answers = b"", b""
    for start in range(0, len(stream), piece):
        left, said = taken.cutter.cut(stream[start : start + piece])
        others, answers = others + left, answers + said
    assert taken.messages == [("q", b"q0"), *sent]
    assert taken.acknowledged == [9, 300]
    assert others == CONNACK + SUBACK
    assert answers == b"".join(frames.puback(number) for number in range(0xFFF0, 0xFFF0 + len(sent)))


def test_a_message_is_answered_only_once_it_has_come_whole() -> None:
    taken = Taken()
    packet = frames.publish(7, "a", b"whole")
    assert taken.cutter.cut(packet[:-1]) == (b"", b"")
    assert taken.messages == []
    assert taken.cutter.cut(packet[-1:]) == (b"", frames.puback(7))


def test_bytes_that_are_no_mqtt_end_the_connection_behind_what_came_before() -> None:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        taken = Taken()
        batched = BatchedSocket(near)
        batched.cutter = taken.cutter
        far.sendall(CONNACK + frames.publish(1, "a", b"good"))
        batched.take_packets()
        far.sendall(b"H\xff\xff\xff\xff\xff")
        batched.wake()
        batched.take_packets()
        assert taken.messages == [("a", b"good")]
        assert batched.recv(99) == CONNACK, "paho reads what is its own"
        assert batched.unread, "and is called for the end"
        with pytest.raises(ConnectionResetError):
            batched.recv(1)


def test_the_end_of_the_stream_is_told_to_paho_after_the_last_message() -> None:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        taken = Taken()
        batched = BatchedSocket(near)
        batched.cutter = taken.cutter
        far.sendall(frames.publish(1, "a", b"last"))
        far.shutdown(socket.SHUT_WR)
        while not batched.unread:
            batched.wake()
            batched.take_packets()
        assert taken.messages == [("a", b"last")]
        with pytest.raises(ConnectionResetError):
            batched.recv(1)
        assert batched.unsent, "the answer waits for the flush"


def test_no_packet_is_lost_between_two_reads_of_the_loop() -> None:
    """A read that fills the buffer is followed by another at once: the kernel would not say again that there is more."""

    async def scenario() -> None:
        near, far = socket.socketpair()
        with near, far:
            near.setblocking(False)
            far.setblocking(False)
            taken = Taken()
            batched = BatchedSocket(near)
            batched.cutter = taken.cutter
            count = 20
            stream = b"".join(frames.publish(number, "a", b"x" * 9_000) for number in range(1, count + 1))
            sending = asyncio.create_task(asyncio.get_running_loop().sock_sendall(far, stream))
            while len(taken.messages) < count:
                await asyncio.sleep(0)
                batched.wake()
                batched.take_packets()
            await sending

    asyncio.run(scenario())
