"""The batched socket under paho, on a socket pair."""

import socket
from collections.abc import Iterator

import pytest

from gateway.shell.mqtt_socket import READ_BYTES, UNSENT_LIMIT, BatchedSocket


@pytest.fixture
def pair() -> Iterator[tuple[BatchedSocket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        yield BatchedSocket(near), far


def test_small_reads_cost_one_call_and_lose_nothing(pair: tuple[BatchedSocket, socket.socket]) -> None:
    batched, far = pair
    far.sendall(b"abcdef")
    assert [batched.recv(1), batched.recv(2), batched.recv(99)] == [b"a", b"bc", b"def"]
    with pytest.raises(BlockingIOError):
        batched.recv(1)
    far.sendall(b"g")
    with pytest.raises(BlockingIOError):
        batched.recv(1)  # the loop has not said that there is more
    batched.wake()
    assert batched.recv(1) == b"g"


def test_a_full_read_is_followed_by_another_without_waiting(pair: tuple[BatchedSocket, socket.socket]) -> None:
    batched, far = pair
    far.sendall(b"x" * READ_BYTES + b"y")
    assert len(batched.recv(READ_BYTES)) == READ_BYTES
    assert batched.recv(1) == b"y"


def test_the_end_of_the_stream_is_seen_after_the_last_bytes(pair: tuple[BatchedSocket, socket.socket]) -> None:
    batched, far = pair
    far.sendall(b"last")
    far.shutdown(socket.SHUT_WR)
    assert batched.recv(99) == b"last"
    batched.wake()
    assert batched.recv(99) == b""


def test_writes_leave_together_and_a_slow_peer_gets_the_rest_later(pair: tuple[BatchedSocket, socket.socket]) -> None:
    batched, far = pair
    whole = b"".join(b"%07d." % number for number in range(UNSENT_LIMIT // 8 + 1))
    for start in range(0, len(whole), 4_096):
        batched.send(whole[start : start + 4_096])
    with pytest.raises(BlockingIOError):
        batched.send(b"too much")
    assert not batched.flush(), "more than the kernel takes"
    got = bytearray()
    while len(got) < len(whole):
        got += far.recv(65_536)
        batched.flush()
    assert got == whole
    assert batched.flush()


def test_what_was_written_last_leaves_before_the_close(pair: tuple[BatchedSocket, socket.socket]) -> None:
    batched, far = pair
    batched.send(b"goodbye")
    batched.close()
    assert far.recv(99) == b"goodbye"
    assert far.recv(99) == b""


def test_a_peer_that_is_gone_is_left_for_the_reader_to_find(pair: tuple[BatchedSocket, socket.socket]) -> None:
    batched, far = pair
    far.close()
    batched.send(b"anyone?")
    assert batched.flush()
