"""A board's key and certificate on its card: which one it shows, what it takes, what it tells the mechanic."""

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from edge.shell.identity import NO_CHECK_TIME, Identity, IdentityError
from venue_model.certificates import requested_key
from venue_model.ids import BoardId
from venue_model.moments import Now, S

FRONT = BoardId("front")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MADE = datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)
Key = ec.EllipticCurvePrivateKey


class Authority:
    """A venue's, as small as it can be."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign("authority", self.key.public_key(), 1, is_ca=True)

    def issue(self, name: str, key: ec.EllipticCurvePublicKey, hours: int = 0) -> str:
        """Made so many hours after MADE."""
        serial = int((MADE.timestamp() + hours * 3600) * S) << 64
        return self._sign(name, key, serial).public_bytes(Encoding.PEM).decode()

    def _sign(self, name: str, key: ec.EllipticCurvePublicKey, serial: int, *, is_ca: bool = False) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        builder = x509.CertificateBuilder(issuer, subject, key, serial, EPOCH, MADE + datetime.timedelta(days=9_000))
        return builder.add_extension(x509.BasicConstraints(is_ca, None), True).sign(self.key, hashes.SHA256())


def pem(key: Key) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def write(path: Path, authority: Authority, name: str = FRONT, hours: int = 0) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    path.unlink(missing_ok=True)
    path.touch(0o600)
    path.write_text(pem(key) + authority.issue(name, key.public_key(), hours), "ascii")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    found = Authority()
    (tmp_path / "ca.pem").write_bytes(found.certificate.public_bytes(Encoding.PEM))
    write(tmp_path / "identity.pem", found)
    return found


def at(moment: datetime.datetime, error_ns: int = 1_000_000) -> Now:
    return Now(0, int(moment.timestamp()) * S, error_ns)


def identity(folder: Path, now: Now | None = None) -> Identity:
    return Identity(folder, folder / "data" / "identity.pem", FRONT, lambda: now or at(MADE + datetime.timedelta(days=1)))


def test_a_certificate_for_a_key_of_its_own_is_kept_and_shown_from_then_on(tmp_path: Path, authority: Authority) -> None:
    board = identity(tmp_path)
    first = board.serial
    assert board.first
    key = requested_key(board.request(), FRONT)
    assert requested_key(board.request(), FRONT) == key, "asked twice, the same key"
    answer = authority.issue(FRONT, key, 1)
    assert board.take(answer)
    assert not board.first and board.serial != first
    assert not board.take(answer), "an answer that comes twice"
    again = identity(tmp_path)
    assert again.serial == board.serial and again.secret == board.secret
    assert (tmp_path / "data" / "identity.pem").stat().st_mode & 0o777 == 0o600
    assert requested_key(again.request(), FRONT) != key, "the next key is a new one"


def test_what_is_not_for_this_board_by_this_authority_for_this_key_is_refused(tmp_path: Path, authority: Authority) -> None:
    board = identity(tmp_path)
    before = board.serial
    key = requested_key(board.request(), FRONT)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    for text in (Authority().issue(FRONT, key), authority.issue("rear", key), authority.issue(FRONT, other), "", "-----BEGIN"):
        assert not board.take(text)
    assert board.serial == before and not (tmp_path / "data").exists()
    assert board.take(authority.issue(FRONT, key, 1)), "the right one still counts"


def test_a_folder_that_was_made_later_takes_the_place_of_what_the_board_fetched(tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "data").mkdir()
    write(tmp_path / "data" / "identity.pem", authority, hours=1)
    assert not identity(tmp_path).first
    write(tmp_path / "identity.pem", authority, hours=2)
    assert identity(tmp_path).first, "admitted again"
    (tmp_path / "identity.pem").unlink()
    assert not identity(tmp_path).first, "the first key is gone from the folder once it is not needed"


def test_another_venues_folder_makes_the_old_certificate_worthless(tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "data").mkdir()
    write(tmp_path / "data" / "identity.pem", authority, hours=9)
    moved = Authority()
    (tmp_path / "ca.pem").write_bytes(moved.certificate.public_bytes(Encoding.PEM))
    write(tmp_path / "identity.pem", moved, hours=1)
    assert identity(tmp_path).first


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "identity.pem").unlink(), "identity.pem: No such file"),
        (lambda folder: (folder / "identity.pem").write_text("x"), "identity.pem: "),
        (lambda folder: (folder / "identity.pem").chmod(0o644), "mode 644 lets others read the key: chmod 600 it"),
        (lambda folder: write(folder / "identity.pem", Authority()), "not by this venue's authority"),
        (lambda folder: (folder / "ca.pem").unlink(), "ca.pem: the venue's authority cannot be read"),
    ],
)
def test_without_anything_to_show_the_file_the_fault_and_the_way_out_are_named(
    tmp_path: Path, authority: Authority, damage: object, words: str
) -> None:
    damage(tmp_path)  # type: ignore[operator]
    with pytest.raises(IdentityError, match=words) as told:
        identity(tmp_path)
    assert "board" in str(told.value)


def test_a_power_cut_while_a_certificate_is_written_leaves_the_old_one(tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "data").mkdir()
    write(tmp_path / "data" / "identity.pem", authority, hours=1)
    (tmp_path / "data" / "identity.new").write_text("half a k")
    board = identity(tmp_path)
    assert not board.first
    assert board.take(authority.issue(FRONT, requested_key(board.request(), FRONT), 2)), "and does not stand in the way of the next"


def test_a_card_that_takes_nothing_keeps_the_old_certificate(tmp_path: Path, authority: Authority) -> None:
    board = identity(tmp_path)
    (tmp_path / "data").write_text("a file where the folder should be")
    assert not board.take(authority.issue(FRONT, requested_key(board.request(), FRONT), 1))
    assert board.first


@pytest.mark.parametrize(
    ("now", "looks"),
    [
        (at(MADE + datetime.timedelta(days=1)), True),
        (at(MADE + datetime.timedelta(days=1), 16 * S), False),  # nobody tells it the time
        (at(EPOCH), False),
        (at(MADE - datetime.timedelta(days=1)), False),  # earlier than its own certificate was made
    ],
)
def test_dates_are_looked_at_only_by_a_board_that_knows_the_time(tmp_path: Path, authority: Authority, now: Now, looks: bool) -> None:
    context = identity(tmp_path, now).context()
    assert bool(context.verify_flags & NO_CHECK_TIME) != looks
    assert context.verify_mode is ssl.CERT_REQUIRED, "the authority is always asked for"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("[SSL: SSLV3_ALERT_CERTIFICATE_REVOKED] sslv3 alert certificate revoked", "was shut out .* admit it again and copy its folder"),
        ("[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] sslv3 alert certificate expired", "has run out by the gateway's clock"),
        ("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca", "the gateway has another authority"),
        ("certificate verify failed: certificate has expired", "this board's clock says 2027-01-02 00:00"),
        ("certificate verify failed: certificate is not yet valid", "begins later than this board's clock"),
        ("certificate verify failed: unable to get local issuer certificate", "is not this venue's gateway"),
    ],
)
def test_the_mechanic_reads_why_there_is_no_connection(tmp_path: Path, authority: Authority, error: str, words: str) -> None:
    told = identity(tmp_path).explain(error)
    assert told is not None
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(told)
    assert identity(tmp_path).explain("[Errno 111] Connection refused") is None
