"""The whole house over TLS: every board with a certificate, every page over HTTPS; and no secret where it does not belong."""

import base64
import contextlib
import json
import re
import sqlite3
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.backup_cli import back_up
from gateway.config import read_config
from simulation.platform.scenarios import Rooms, county_day
from simulation.stage.house import ACCOUNTS, House, HouseOptions
from simulation.stage.staff import Desk
from venue_model.ids import BoardId, RoomId
from venue_model.tools.files import example

pytestmark = pytest.mark.parts


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(HouseOptions(example("county_hall"), tmp_path_factory.mktemp("house"), pace=0.2, tls=True)) as built:
        yield built


@pytest.fixture(scope="module")
def integrator(house: House) -> Iterator[httpx.Client]:
    with contextlib.closing(house.client("integrator")) as signed_in:
        yield signed_in


@pytest.fixture(scope="module")
def desk(house: House, integrator: httpx.Client) -> Iterator[Desk]:
    """Two lots are booked, everybody is online with a key of its own, and a first scene has been pressed."""
    day = county_day(start_utc_ns=time.time_ns(), rooms=Rooms(*(RoomId(r) for r in ("o1", "e1", "o2", "e2"))))
    for lot in day.lots:
        house.platform.put_lot(lot, day.credit_codes[lot.id])
    opened = Desk.open(house)
    opened.wait("all agents", opened.agents_online, 60)
    opened.wait("their own keys", lambda: set(standings(integrator).values()) == {"in_use"}, 60)
    opened.wait("the lots", lambda: len(opened.get("/projects")) == 2)
    run = opened.press(day.lots[0].id, "opening_preparation")
    assert run["result"] == "ok", run
    yield opened
    opened.close()


def listed(integrator: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = integrator.get("/api/v1/certificates").raise_for_status().json()
    return found


def standings(integrator: httpx.Client) -> dict[str, str]:
    return {row["board"]: row["standing"] for row in listed(integrator)["boards"]}


def test_pages_come_over_https_from_a_server_that_only_this_venues_authority_vouches_for(
    house: House, desk: Desk, integrator: httpx.Client
) -> None:
    assert house.url.startswith("https://127.0.0.1:")
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(house.url, trust_env=False)
    answer = httpx.get(f"{house.url}/ca", trust_env=False, verify=house.trust)
    assert listed(integrator)["fingerprint"] in answer.text
    signed_in = httpx.post(
        f"{house.url}/api/v1/session", json={"account": "staff", "password": ACCOUNTS[0][2]}, trust_env=False, verify=house.trust
    )
    cookie = signed_in.headers["set-cookie"].lower()
    assert "secure" in cookie and "httponly" in cookie and "samesite=strict" in cookie


def test_a_board_that_is_shut_out_is_off_the_page_within_a_minute_and_comes_back_by_its_new_folder(
    house: House, desk: Desk, integrator: httpx.Client
) -> None:
    board = BoardId("front")
    began = time.monotonic()
    integrator.post(f"/api/v1/agents/{board}/revoke", json={"reason": "stolen"}).raise_for_status()
    assert standings(integrator)[board] == "revoked"
    desk.wait("the board's end on the page", lambda: not desk.get("/state")["boards"][board]["online"], 55)
    assert time.monotonic() - began < 60
    assert [line["body"]["reason"] for line in desk.get("/events", kind="board-revoked")] == ["stolen"]
    integrator.post(f"/api/v1/agents/{board}/admit").raise_for_status()
    house.agents[board].stop()  # the folder is copied anew, and the board started
    house.agents[board].start(wait=False)
    desk.wait("the board on the page", lambda: desk.get("/state")["boards"][board]["online"], 60)
    desk.wait("its own key", lambda: standings(integrator)[board] == "in_use", 60)


def test_nobody_listens_without_tls(house: House, desk: Desk) -> None:
    """What the gateway's two ports answer to somebody who speaks plainly."""
    for port in (int(house.url.rpartition(":")[2]), house.gateway.ready["broker"][1]):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False, timeout=10)
        context = ssl.create_default_context(cafile=house.folder / "gateway" / "keys" / "pki" / "ca.pem")
        assert context.get_ca_certs()


# secrets


def private_keys(folder: Path) -> dict[Path, list[bytes]]:
    """Every private key below a folder, in the forms in which it could turn up elsewhere."""
    found: dict[Path, list[bytes]] = {}
    for path in folder.rglob("*"):
        if not path.is_file() or path.stat().st_size > 100_000:
            continue
        content = path.read_bytes()
        if b"PRIVATE KEY-----" in content:
            body = content.partition(b"PRIVATE KEY-----")[2].partition(b"-----END")[0].split()
            found[path] = [b"".join(body)[20:60]]
            try:
                key = load_pem_private_key(content, None)
            except (ValueError, UnsupportedAlgorithm):
                continue  # SM2: its PEM is enough
            if isinstance(key, ec.EllipticCurvePrivateKey):
                found[path] += forms(key.private_numbers().private_value.to_bytes(32, "big"))
        elif path.suffix == ".key":
            raw = content if len(content) == 32 else bytes.fromhex(content.decode().strip())
            found[path] = forms(raw)
    return found


def forms(raw: bytes) -> list[bytes]:
    return [raw, raw.hex().encode(), base64.b64encode(raw)[:40], base64.urlsafe_b64encode(raw)[:40]]


def test_no_key_password_or_token_is_in_a_database_a_log_or_a_backup(house: House, desk: Desk) -> None:
    gateway = house.folder / "gateway"
    config = house.folder / "gateway.toml"
    (house.folder / "passphrase").write_text("correct horse battery staple\n", "ascii")
    assert back_up(config, read_config(config), house.folder / "plain.tar", None) == 0
    assert back_up(config, read_config(config), house.folder / "sealed.tar", house.folder / "passphrase") == 0
    assert back_up(config, read_config(config), house.folder / "copy.db", None) == 0
    secrets = private_keys(house.folder)
    assert {"ca.key.pem", "server.pem", "gateway.pem", "policy.key", "identity.pem"} <= {path.name for path in secrets}
    words = {secret for found in secrets.values() for secret in found}
    words |= {password.encode() for _, _, password in ACCOUNTS} | {house.token.encode(), b"correct horse battery staple"}
    words.add(next(cookie.value or "" for cookie in desk.staff.cookies.jar).encode())
    assert all(len(word) >= 12 for word in words)
    assert all(any(secret in path.read_bytes() for secret in found) for path, found in secrets.items()), "found where they belong"
    places = [
        *gateway.glob("venue.db*"), *gateway.glob("translog.db*"), *(house.folder / "agents").rglob("*.db*"),
        *(house.folder / "logs").iterdir(), *(gateway / "broker").rglob("*"), *house.folder.glob("*.tar"), house.folder / "copy.db",
    ]  # fmt: skip
    read = {path: path.read_bytes() for path in places if path.is_file()}
    assert len(read) > 10 and any(path.name == "gateway.log" and content for path, content in read.items())
    leaks = [f"{path.relative_to(house.folder)} holds {word[:4]!r}…" for path, content in read.items() for word in words if word in content]
    assert leaks == []


def test_what_the_database_keeps_of_secrets_is_a_hash_or_sealed(house: House, desk: Desk) -> None:
    """Every column whose name speaks of a secret: argon2, a digest, a sealed box, or nothing."""
    db = sqlite3.connect(f"{(house.folder / 'gateway' / 'venue.db').absolute().as_uri()}?mode=ro", uri=True)
    try:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        looked = 0
        for table in tables:
            for column in [row[1] for row in db.execute(f"PRAGMA table_info({table})")]:
                if not re.search(r"password|secret|token|totp|recovery", column) or column.endswith(("_on", "_step", "_ns")):
                    continue
                looked += 1
                for (value,) in db.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL AND {column} != ''"):
                    assert is_hidden(str(value)), f"{table}.{column}: {str(value)[:12]}…"
        assert looked >= 2
    finally:
        db.close()


def is_hidden(value: str) -> bool:
    if value.startswith("$argon2") or re.fullmatch(r"[0-9a-f]{64}", value):
        return True
    try:
        parts = json.loads(value)
    except ValueError:
        return len(value) >= 40 and re.fullmatch(r"[A-Za-z0-9_\-+/=:.$]+", value) is not None  # a sealed box
    return isinstance(parts, list) and all(is_hidden(str(part)) for part in parts)
