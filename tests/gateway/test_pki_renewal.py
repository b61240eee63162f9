"""Certificates renew themselves: when, for whom, how often, and what a clock that is wrong does to it."""

import asyncio
import datetime
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from broker_case import KINDS, until
from cryptography.hazmat.primitives.asymmetric import ec
from pki_case import NOW, Board, certified, days

from gateway.broker.credentials import write_private
from gateway.broker.supervisor import Kind
from gateway.pki import ca
from gateway.pki.desk import PkiDesk, open_desk
from gateway.pki.register import Issued
from gateway.pki.renewal import DAILY, Ruling, rule
from gateway.pki.store import PkiError, certificate_pem, key_pem, new_key, new_serial, utc_now
from venue_model.certificates import BOARD_LIFE, CertificateError, request_text, requested_key
from venue_model.ids import BoardId
from venue_model.wire import Renewal

A1, B1 = BoardId("a1"), BoardId("b1")
DAY = datetime.datetime(2027, 3, 1, 12, tzinfo=datetime.UTC)


def held(serial: int, left_days: float, *, first: bool = False, revoked: bool = False) -> Issued:
    return Issued(serial, A1, DAY + days(left_days), first, DAY if revoked else None)


@pytest.mark.parametrize(
    ("certificates", "serial", "ruling"),
    [
        ([held(1, 90, first=True)], 1, Ruling(issue=True)),
        ([held(1, 90, first=True), held(2, 90)], 2, Ruling((1,))),
        ([held(1, 90, first=True), held(2, 90)], 1, Ruling(issue=True)),  # its answer was lost on the way
        ([held(1, 31)], 1, Ruling()),
        ([held(1, 29)], 1, Ruling(issue=True)),
        ([held(1, 29), held(2, 89)], 1, Ruling(issue=True)),
        ([held(1, 29), held(2, 89)], 2, Ruling((1,))),
        ([held(1, 29, revoked=True), held(2, 89)], 2, Ruling()),
        ([held(1, 29, revoked=True)], 1, Ruling()),
        ([held(1, -1)], 1, Ruling()),
        ([held(1, 29)], 2, Ruling()),
        ([], 1, Ruling()),
    ],
)
def test_what_a_board_says_about_its_certificate(certificates: list[Issued], serial: int, ruling: Ruling) -> None:
    assert rule(certificates, serial, DAY) == ruling


def test_a_board_that_asks_without_end_fills_no_disk() -> None:
    many = [held(number, 90, first=True) for number in range(1, DAILY + 2)]
    assert rule(many[:-1], 1, DAY).issue
    refused = rule(many, 1, DAY)
    assert not refused.issue and "shut the board out" in refused.refused
    assert rule([replace(one, until=DAY + days(88)) for one in many], 1, DAY).issue, "tomorrow it may ask again"


class Clock:
    """A clock that is set by hand."""

    def __init__(self, at: datetime.datetime) -> None:
        self.at = at

    def __call__(self) -> datetime.datetime:
        return self.at


def open_at(folder: Path, clock: Clock) -> tuple[PkiDesk, list[Any], list[tuple[str, dict[str, Any]]]]:
    desk = open_desk(folder / "keys", folder / "boards", "hall", ["10.0.0.2"], clock)
    sent: list[Any] = []
    notes: list[tuple[str, dict[str, Any]]] = []
    desk.send = lambda board, message: sent.append((board, message))
    desk.note = lambda kind, body, now: notes.append((kind, body))
    return desk, sent, notes


def certificate_of(desk: PkiDesk, board: BoardId) -> str:
    """The newest that counts, as the board would show it."""
    serial = desk.register.live(board)[-1].serial
    return (desk.register.crl_path.parent / "issued" / f"{serial:x}.pem").read_text("ascii")


async def renew(desk: PkiDesk, board: BoardId, request: str) -> None:
    desk.hear(board, Renewal(certificate_of(desk, board), request), NOW)
    await until(lambda: desk.settled)


def test_a_board_is_renewed_for_years_and_only_its_newest_certificate_counts(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = Clock(DAY)
        desk, sent, _ = open_at(tmp_path, clock)
        desk.commission(A1)
        for _ in range(0, 365 * 2, 5):
            clock.at += days(5)
            await renew(desk, A1, request_text(ec.generate_private_key(ec.SECP256R1()), A1))
            assert desk.register.live(A1)[-1].until - clock.at >= BOARD_LIFE / 3 - days(5)
            assert len(desk.register.live(A1)) <= 2
        assert len(sent) == 12, "at once, and then every sixty days or so"
        assert len(desk.register.certificates(A1)) == 13
        again, _, _ = open_at(tmp_path, clock)
        assert [issued.serial for issued in again.register.live(A1)] == [issued.serial for issued in desk.register.live(A1)]
        assert len(again.register.certificates(A1)) < 5, "what has run out is forgotten"

    asyncio.run(scenario())


def test_a_board_whose_answer_was_lost_gets_the_same_certificate_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk, sent, notes = open_at(tmp_path, Clock(DAY))
        desk.commission(A1)
        shown = certificate_of(desk, A1)
        request = request_text(ec.generate_private_key(ec.SECP256R1()), A1)
        for _ in range(3 * DAILY):
            desk.hear(A1, Renewal(shown, request), NOW)
            await until(lambda: desk.settled)
        assert len(sent) == 3 * DAILY and len({message.certificate for _, message in sent}) == 1
        assert [kind for kind, _ in notes] == ["certificate"]
        assert len(desk.register.certificates(A1)) == 2

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ("", "no signing request"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "no signing request"),
        ("x" * 5_000, "at most 4096"),
        (request_text(ec.generate_private_key(ec.SECP256R1()), B1), "asks for a certificate in the name 'b1'"),
        (request_text(ec.generate_private_key(ec.SECP256R1()), BoardId("gateway")), "in the name 'gateway'"),
        (request_text(ec.generate_private_key(ec.SECP384R1()), A1), "no P-256 key"),
        ("\0", "no signing request"),
    ],
)
def test_a_request_in_another_name_or_of_another_kind_gets_nothing_and_is_told_once(tmp_path: Path, request_: str, words: str) -> None:
    async def scenario() -> None:
        desk, sent, notes = open_at(tmp_path, Clock(DAY))
        desk.commission(A1)
        for _ in range(3):
            await renew(desk, A1, request_)
        assert sent == []
        [(kind, body)] = notes
        assert (kind, body["code"], body["agent"]) == ("alarm", "certificate-refused", "a1")
        assert words in body["detail"]

    asyncio.run(scenario())


def test_a_request_that_somebody_else_has_signed_is_refused() -> None:
    text = request_text(ec.generate_private_key(ec.SECP256R1()), A1)
    lines = text.splitlines()
    lines[-2] = lines[-2][:4] + ("A" if lines[-2][4] != "A" else "B") + lines[-2][5:]
    with pytest.raises(CertificateError):
        requested_key("\n".join(lines), A1)


def test_a_board_that_shows_what_is_not_its_own_changes_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk, sent, notes = open_at(tmp_path / "here", Clock(DAY))
        other, _, _ = open_at(tmp_path / "there", Clock(DAY))
        for board in (A1, B1):
            desk.commission(board)
            other.commission(board)
        before = desk.register.identities()
        for shown in (certificate_of(desk, B1), certificate_of(other, A1), desk.authority_pem, "", "x" * 10_000):
            desk.hear(A1, Renewal(shown, request_text(ec.generate_private_key(ec.SECP256R1()), A1)), NOW)
        await until(lambda: desk.settled)
        assert desk.register.identities() == before and sent == []
        assert {body["code"] for _, body in notes} == {"certificate-refused"}

    asyncio.run(scenario())


def test_a_gateway_that_was_restored_from_an_older_copy_knows_a_board_by_what_it_shows(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = Clock(DAY)
        desk, sent, _ = open_at(tmp_path, clock)
        desk.commission(A1)
        shutil.copytree(tmp_path / "keys", tmp_path / "copy" / "keys")
        await renew(desk, A1, request_text(ec.generate_private_key(ec.SECP256R1()), A1))
        [(_, answer)] = sent
        clock.at += days(61)
        restored, sent, _ = open_at(tmp_path / "copy", clock)
        restored.hear(A1, Renewal(answer.certificate, request_text(ec.generate_private_key(ec.SECP256R1()), A1)), NOW)
        await until(lambda: restored.settled)
        assert len(sent) == 1, "and goes on renewing it"
        assert len(restored.register.live(A1)) == 2, "the one that it shows and the next; what was older has ended"

    asyncio.run(scenario())


# clocks


def test_a_gateway_whose_clock_was_never_set_makes_no_certificates(tmp_path: Path) -> None:
    with pytest.raises(PkiError, match=r"clock says 1970-01-01: set it \(`timedatectl set-ntp true`\)"):
        open_at(tmp_path, Clock(datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)))


def test_a_gateway_whose_clock_has_fallen_back_keeps_everybody_and_alarms_instead_of_issuing(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = Clock(DAY)
        desk, _, _ = open_at(tmp_path, clock)
        desk.commission(A1)
        for back in (datetime.datetime(1970, 1, 2, tzinfo=datetime.UTC), DAY - days(300)):
            fallen, sent, notes = open_at(tmp_path, Clock(back))
            assert len(fallen.register.live(A1)) == 1, "a certificate is valid from 1970"
            await renew(fallen, A1, request_text(ec.generate_private_key(ec.SECP256R1()), A1))
            assert sent == []
            assert notes[0][1]["code"] == "certificate-refused" and "clock" in notes[0][1]["detail"]

    asyncio.run(scenario())


# on real brokers


@pytest.mark.parts
@pytest.mark.parametrize("kind", KINDS)
def test_a_board_renews_by_itself_before_a_third_is_left(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        clock = Clock(utc_now())
        async with certified(tmp_path, kind, ["a1"], clock) as hall:
            async with Board(hall) as board:
                await board.settle()
                serial, key = board.identity.serial, board.identity.secret
            clock.at += days(61)
            async with Board(hall) as board:
                assert board.identity.serial == serial
                await until(lambda: board.identity.serial != serial)
                await board.settle()
                assert board.identity.secret.partition(b"-----END")[0] != key.partition(b"-----END")[0], "a key of its own each time"
                assert [f"{issued.serial:x}" for issued in hall.desk.register.live(A1)] == [board.identity.serial]

    asyncio.run(scenario())


@pytest.mark.parts
@pytest.mark.parametrize(
    ("off", "words"), [(3 * 365, "begins later than this board's clock"), (-3 * 365, "the gateway's certificate has run out")]
)
def test_a_board_whose_clock_is_wrong_by_years_connects_and_one_that_knows_the_time_says_why_not(
    tmp_path: Path, off: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """OpenSSL asks the machine's clock: so it is the gateway's certificate that is from another year."""

    async def scenario() -> None:
        async with certified(tmp_path, "mosquitto", ["a1"]) as hall:
            authority, key = hall.desk.register.authority, new_key()
            other_year = utc_now() + days(off)
            server = ca.issue_server(authority.certificate, authority.key, key.public_key(), ["hall"], new_serial(), other_year)
            write_private(hall.desk.own.path("server"), key_pem(key) + certificate_pem(server))
            await hall.broker.reload()
            async with Board(hall, utc_ns=0) as board:
                await board.settle()
            with caplog.at_level("INFO"):
                async with Board(hall):
                    await until(lambda: words in caplog.text, words)

    asyncio.run(scenario())


def test_a_gateway_whose_clock_says_1970_still_lets_every_board_in(tmp_path: Path) -> None:
    """What a broker asks OpenSSL, at the beginning of time."""
    desk, _, _ = open_at(tmp_path, Clock(DAY))
    desk.commission(A1)
    asked = ["openssl", "verify", "-attime", "1", "-purpose", "sslclient", "-crl_check", "-CRLfile", str(desk.register.crl_path)]
    shown = ["-CAfile", str(desk.own.authority_path), str(desk.folder(A1) / "identity.pem")]
    done = subprocess.run([*asked, *shown], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


@pytest.mark.parts
@pytest.mark.parametrize("kind", KINDS)
def test_the_gateways_own_certificates_are_renewed_under_a_running_broker(tmp_path: Path, kind: Kind) -> None:
    async def scenario() -> None:
        clock = Clock(utc_now())
        async with certified(tmp_path, kind, ["a1"], clock) as hall, Board(hall) as board:
            await board.settle()
            clock.at += days(300)
            assert hall.desk.own.renew() == ("server", "gateway", "probe")
            await hall.broker.reload()
            assert board.link.up and hall.link.up, "nobody is cut off for it"
            tries = 0
            while not await hall.broker._answers(hall.broker.port):  # with the new certificate of the probe
                tries += 1
                assert tries < 100
                await asyncio.sleep(0.05)

    asyncio.run(scenario())


def test_own_certificates_follow_the_hosts_of_the_configuration(tmp_path: Path) -> None:
    assert open_desk(tmp_path / "keys", tmp_path, "hall", ["10.0.0.2"]).own.renew() == ()
    moved = open_desk(tmp_path / "keys", tmp_path, "hall", ["10.0.0.3", "gateway.lan"]).own
    server = moved.path("server").read_bytes()
    assert moved.renew() == ()
    assert open_desk(tmp_path / "keys", tmp_path, "hall", ["10.0.0.3", "gateway.lan"]).own.path("server").read_bytes() == server

