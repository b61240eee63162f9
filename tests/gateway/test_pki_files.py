"""The authority's folder, the two kinds of keys, the configuration that leaves nothing open, and the door that plain HTTP finds."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID
from pki_case import days

from gateway.broker.credentials import Credentials
from gateway.commission import load_policy_key, write_boards
from gateway.config import ConfigError, GatewayConfig, read_config
from gateway.pki import ca
from gateway.pki.desk import open_desk
from gateway.pki.own import SERVER
from gateway.pki.plain_http import PlainHttp
from gateway.pki.renewal import rule
from gateway.pki.store import PkiError, load_or_create_authority, new_key, read_certificate, read_key, utc_now
from gateway.pki.wiring import secure
from venue_model import signing
from venue_model.ids import BoardId
from venue_model.tools.files import example, read_venue

A1 = BoardId("a1")


def test_keys_are_for_their_owner_alone_and_certificates_say_what_they_are_for(tmp_path: Path) -> None:
    keys = tmp_path / "keys" / "pki"
    desk = open_desk(keys, tmp_path / "boards", "hall", ["gateway.lan", "10.0.0.2"])
    desk.commission(A1)
    for path in (*keys.rglob("*"), *(tmp_path / "boards").rglob("*.pem")):
        assert path.stat().st_mode & 0o077 == 0 or path.is_dir(), path
    server = read_certificate(desk.own.path(SERVER))
    assert ca.server_hosts(server) == {"gateway.lan", "10.0.0.2", "localhost", "127.0.0.1", "::1"}
    uses = [
        list(read_certificate(path).extensions.get_extension_for_class(ca.x509.ExtendedKeyUsage).value)
        for path in (desk.own.path(SERVER), desk.own.path("gateway"), desk.folder(A1) / "identity.pem")
    ]
    assert uses == [[ExtendedKeyUsageOID.SERVER_AUTH], [ExtendedKeyUsageOID.CLIENT_AUTH], [ExtendedKeyUsageOID.CLIENT_AUTH]]
    life = server.not_valid_after_utc - server.not_valid_before_utc
    assert life == days(397), "browsers refuse a server with more"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda keys: (keys / "ca.key.pem").unlink(), "ca.key.pem: no private key can be read"),
        (lambda keys: (keys / "ca.key.pem").chmod(0o640), "mode 640 lets others read a private key"),
        (lambda keys: (keys / "ca.pem").write_text("x"), "ca.pem: no certificate can be read"),
        (lambda keys: (keys / "crl.pem").unlink(), "crl.pem: missing, and it names the revoked"),
        (lambda keys: (keys / "crl.pem").write_text("x"), "crl.pem: cannot be read"),
    ],
)
def test_a_damaged_folder_is_named_with_the_way_out_and_nothing_is_made_anew(tmp_path: Path, damage: object, words: str) -> None:
    open_desk(tmp_path / "keys", tmp_path / "boards", "hall", []).commission(A1)
    damage(tmp_path / "keys")  # type: ignore[operator]
    with pytest.raises(PkiError, match=words):
        open_desk(tmp_path / "keys", tmp_path / "boards", "hall", [])


def test_another_venues_folder_is_not_mixed_in(tmp_path: Path) -> None:
    open_desk(tmp_path / "one", tmp_path / "boards", "hall", []).commission(A1)
    open_desk(tmp_path / "two", tmp_path / "boards2", "hall", [])
    (tmp_path / "two" / "ca.pem").replace(tmp_path / "one" / "ca.pem")
    with pytest.raises(PkiError, match=r"not the certificate of ca\.key\.pem"):
        open_desk(tmp_path / "one", tmp_path / "boards", "hall", [])


def test_commissioning_twice_changes_nothing_and_a_folder_that_waits_is_kept_fresh(tmp_path: Path) -> None:
    at = utc_now()
    open_desk(tmp_path / "keys", tmp_path / "boards", "hall", [], lambda: at).commission(A1)
    first = (tmp_path / "boards" / "a1" / "identity.pem").read_bytes()
    for later, same in ((days(50), True), (days(61), False)):
        desk = open_desk(tmp_path / "keys", tmp_path / "boards", "hall", [], lambda later=later: at + later)
        desk.commission(A1)
        assert ((tmp_path / "boards" / "a1" / "identity.pem").read_bytes() == first) == same


def test_a_stick_that_lay_in_a_drawer_still_works_beside_the_folder_that_was_made_fresh_until_the_board_is_seen(tmp_path: Path) -> None:
    at = utc_now()
    for later in (days(0), days(61)):
        desk = open_desk(tmp_path / "keys", tmp_path / "boards", "hall", [], lambda later=later: at + later)
        desk.commission(A1)
    old, fresh = desk.register.live(A1)
    assert old.first and fresh.first
    assert rule([old, fresh], old.serial, at + days(62)).issue
    used = replace(fresh, serial=fresh.serial + 1, first=False)
    assert rule([old, fresh, used], used.serial, at + days(62)).superseded == (old.serial, fresh.serial)


def test_a_board_that_left_the_venue_is_shut_out_at_the_next_start(tmp_path: Path) -> None:
    venue = read_venue(example("county_hall"))
    config = GatewayConfig("v", "d", host="0.0.0.0")
    config = GatewayConfig(**{**vars(config), "broker": type(config.broker)(host="0.0.0.0")})
    data = tmp_path / "d"
    secured = secure(config, tmp_path, data, venue)
    write_boards(venue, data, secured.guests, bytes(32))
    assert secured.desk is not None
    secured.desk.commission(BoardId("gone"))
    again = secure(config, tmp_path, data, venue)
    assert again.desk is not None
    assert again.desk.register.live(BoardId("gone")) == []
    assert all(again.desk.register.live(board) for board in venue.boards)


# T10


def test_the_key_that_signs_policies_is_none_that_tls_uses(tmp_path: Path) -> None:
    """Who takes the gateway's TLS keys away can listen; a board believes policies by another key alone."""
    keys = tmp_path / "keys"
    policy_key = load_policy_key(keys)
    open_desk(keys / "pki", tmp_path / "boards", "hall", [])
    public = signing.public_key_of(policy_key)
    paths = [path for path in (keys / "pki").rglob("*.pem") if b"PRIVATE KEY" in path.read_bytes()]
    assert {path.name for path in paths} == {"ca.key.pem", "server.pem", "gateway.pem", "probe.pem"}
    for path in paths:
        key = read_key(path)
        raw = key.private_numbers().private_value.to_bytes(32, "big")
        assert raw != policy_key
        assert not signing.verifies(public, b"a policy", signing.sign(raw, b"a policy"))
        assert not signing.verifies(public, b"a policy", key.sign(b"a policy", ec.ECDSA(ca.hashes.SHA256())))
    assert signing.verifies(public, b"a policy", Ed25519PrivateKey.from_private_bytes(policy_key).sign(b"a policy"))


# configuration


def config_file(folder: Path, text: str) -> Path:
    path = folder / "gateway.toml"
    path.write_text(f'venue = "v.toml"\ndata = "d"\n{text}', "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "broker", "web"),
    [
        ("", False, False),
        ('host = "0.0.0.0"', False, True),
        ('[broker]\nhost = "10.0.0.2"', True, False),
        ('[broker]\ntls = "on"\n[tls]\nweb = "on"', True, True),
        ('host = "::1"\n[broker]\nhost = "localhost"\ntls = "off"', False, False),
    ],
)
def test_whatever_others_could_listen_to_speaks_tls(tmp_path: Path, text: str, broker: bool, web: bool) -> None:
    found = read_config(config_file(tmp_path, text))
    assert (found.broker_tls, found.web_tls) == (broker, web)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[broker]\nhost = "0.0.0.0"\ntls = "off"', r'broker\.tls: "off" while the broker at 0\.0\.0\.0 can be reached.*write "on"'),
        ('host = "hall.lan"\n[tls]\nweb = "off"', r"tls\.web.*listen on 127\.0\.0\.1 behind a proxy on this machine"),
        ('[tls]\ncertificate = "a.pem"', "certificate and key belong together"),
        ('[tls]\nweb = "maybe"', "tls.web"),
    ],
)
def test_a_configuration_that_leaves_something_open_does_not_start(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_config(config_file(tmp_path, text))


def test_on_one_machine_nobody_needs_certificates(tmp_path: Path) -> None:
    venue = read_venue(example("county_hall"))
    secured = secure(GatewayConfig("v", "d"), tmp_path, tmp_path / "d", venue)
    assert secured.desk is None and isinstance(secured.guests, Credentials) and secured.link_tls is None
    assert not (tmp_path / "d" / "keys" / "pki").exists()


# plain HTTP


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b"GET /guard?a=1 HTTP/1.1\r\nHost: hall.lan:8080\r\n\r\n", b"308 Permanent Redirect\r\nLocation: https://hall.lan:8443/guard?a=1"),
        (b"GET / HTTP/1.1\r\nHost: [fe80::1]\r\n\r\n", b"Location: https://[fe80::1]:8443/"),
        (b"GET /ca.crt HTTP/1.1\r\nHost: x\r\n\r\n", b"-----BEGIN CERTIFICATE-----"),
        (b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", b"405 Method Not Allowed"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\nHost: a\tb evil\r\n\r\n", b"400 Bad Request"),
        (b"GET //evil.example/ HTTP/1.1\r\nHost: hall\r\n\r\n", b"Location: https://hall:8443//evil.example/"),
    ],
)
def test_plain_http_is_shown_the_way_and_nothing_else(tmp_path: Path, request_: bytes, answer: bytes) -> None:
    pem = open_desk(tmp_path / "keys", tmp_path, "hall", []).authority_pem

    async def scenario() -> bytes:
        plain = await PlainHttp("127.0.0.1", 0, 8443, pem).start()
        reader, writer = await asyncio.open_connection("127.0.0.1", plain.port)
        writer.write(request_)
        got = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await plain.close()
        return got

    assert answer in asyncio.run(scenario())


@pytest.mark.parametrize("noise", [b"\x16\x03\x01" + b"\0" * 9_000, b"x" * 20_000, b""])
def test_plain_http_forgets_whoever_speaks_something_else(tmp_path: Path, noise: bytes) -> None:
    async def scenario() -> None:
        plain = await PlainHttp("127.0.0.1", 0, 8443, "").start()
        with socket.create_connection(("127.0.0.1", plain.port)) as sock:
            sock.setblocking(False)
            if noise:
                await asyncio.get_running_loop().sock_sendall(sock, noise)
            else:
                sock.shutdown(socket.SHUT_WR)
            try:
                assert await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 100), 10) == b""
            except ConnectionResetError:
                pass  # as good
        await plain.close()

    asyncio.run(scenario())


def test_an_authority_is_made_once(tmp_path: Path) -> None:
    first = load_or_create_authority(tmp_path / "k", "hall", utc_now())
    assert load_or_create_authority(tmp_path / "k", "hall", utc_now()).certificate == first.certificate
    assert "PRIVATE" not in repr(first) and str(first.key.private_numbers().private_value) not in repr(first)
    assert new_key() != new_key()
