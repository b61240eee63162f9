"""Who may speak as the platform."""

from pathlib import Path

import pytest

from gateway.shell.database import open_database
from gateway.trading.memory import NONCE_KEPT_S, StoredNonces
from gateway.trading.rest import verify_webhook
from gateway.trading.signature import (
    SIGNATURE,
    TIMESTAMP,
    MemoryNonces,
    SignatureRefused,
    sign_answer,
    sign_request,
    verify_answer,
)
from venue_model.moments import S

NOW_UTC_NS = 1_800_000_000 * S
BODY = b'{"NEWS":true}'


def signed(at_utc_ns: int = NOW_UTC_NS, nonce: str = "n" * 32) -> dict[str, str]:
    return sign_request("token", "POST", "/platform/webhook?a=1", BODY, at_utc_ns, nonce)


def test_a_signed_webhook_is_believed_once() -> None:
    nonces = MemoryNonces()
    verify_webhook("token", "POST", "/platform/webhook?a=1", signed(), BODY, NOW_UTC_NS, nonces)
    with pytest.raises(SignatureRefused, match="replay"):
        verify_webhook("token", "POST", "/platform/webhook?a=1", signed(), BODY, NOW_UTC_NS, nonces)


def test_a_replayed_webhook_is_refused_after_a_restart_of_the_gateway(tmp_path: Path) -> None:
    for restart in range(2):
        db = open_database(tmp_path / "venue.db")
        try:
            verify_webhook("token", "POST", "/platform/webhook?a=1", signed(), BODY, NOW_UTC_NS, StoredNonces(db))
            assert restart == 0
        except SignatureRefused as refused:
            assert restart == 1 and "replay" in str(refused)
        db.close()


def test_a_used_nonce_is_forgotten_only_when_its_timestamp_would_be_refused_anyway(tmp_path: Path) -> None:
    db = open_database(tmp_path / "venue.db")
    for nonces, kept_s in ((MemoryNonces(), 301), (StoredNonces(db), NONCE_KEPT_S + 1)):
        ahead = signed(NOW_UTC_NS + 300 * S)  # the sender's clock is 300 s fast: good for 600 s of ours
        verify_webhook("token", "POST", "/platform/webhook?a=1", ahead, BODY, NOW_UTC_NS, nonces)
        for later_s in (1, 599, 600):
            with pytest.raises(SignatureRefused, match="replay"):
                verify_webhook("token", "POST", "/platform/webhook?a=1", ahead, BODY, NOW_UTC_NS + later_s * S, nonces)
        with pytest.raises(SignatureRefused, match="timestamp"):
            verify_webhook("token", "POST", "/platform/webhook?a=1", ahead, BODY, NOW_UTC_NS + 601 * S, nonces)
        late_s = 1_800_000_300 + kept_s
        assert nonces.first_time("another" * 4, late_s, late_s)
        assert nonces.first_time("n" * 32, late_s, late_s), "the store would grow for ever"
    db.close()


def test_a_clock_that_jumps_two_hours_ahead_and_back_makes_no_old_call_new(tmp_path: Path) -> None:
    db = open_database(tmp_path / "venue.db")
    verify_webhook("token", "POST", "/platform/webhook?a=1", signed(), BODY, NOW_UTC_NS, StoredNonces(db))
    ahead = NOW_UTC_NS + 7_200 * S
    later = sign_request("token", "POST", "/platform/webhook?a=1", BODY, ahead, "later" * 5)
    verify_webhook("token", "POST", "/platform/webhook?a=1", later, BODY, ahead, StoredNonces(db))
    with pytest.raises(SignatureRefused, match="replay"):
        verify_webhook("token", "POST", "/platform/webhook?a=1", signed(), BODY, NOW_UTC_NS + S, StoredNonces(db))
    db.close()


@pytest.mark.parametrize(
    ("token", "method", "path", "body", "late_s", "says"),
    [
        ("other", "POST", "/platform/webhook?a=1", BODY, 0, "different tokens"),
        ("token", "PUT", "/platform/webhook?a=1", BODY, 0, "changed"),
        ("token", "POST", "/platform/webhook?a=2", BODY, 0, "changed"),
        ("token", "POST", "/platform/webhook?a=1", b"{}", 0, "changed"),
        ("token", "POST", "/platform/webhook?a=1", BODY, 301, "301 s behind"),
        ("token", "POST", "/platform/webhook?a=1", BODY, -301, "-301 s behind"),
    ],
)
def test_a_strange_changed_or_old_webhook_is_refused(
    token: str, method: str, path: str, body: bytes, late_s: int, says: str
) -> None:
    with pytest.raises(SignatureRefused, match=says):
        verify_webhook(token, method, path, signed(), body, NOW_UTC_NS + late_s * S, MemoryNonces())


@pytest.mark.parametrize("spoil", [{SIGNATURE: ""}, {SIGNATURE: "签名"}, {TIMESTAMP: "1e9"}, {TIMESTAMP: "٣"}])
def test_odd_headers_are_refused_not_crashed_on(spoil: dict[str, str]) -> None:
    with pytest.raises(SignatureRefused):
        verify_webhook("token", "POST", "/platform/webhook?a=1", signed() | spoil, BODY, NOW_UTC_NS, MemoryNonces())


def test_header_names_may_come_in_any_case() -> None:
    headers = {name.lower(): value for name, value in signed().items()}
    verify_webhook("token", "post", "/platform/webhook?a=1", headers, BODY, NOW_UTC_NS, MemoryNonces())


def test_an_old_answer_cannot_stand_in_for_a_new_one() -> None:
    answer = sign_answer("token", 200, "nonce-of-the-first", b"roster")
    verify_answer("token", 200, "nonce-of-the-first", answer, b"roster")
    for status, nonce, body in ((200, "second", b"roster"), (400, "nonce-of-the-first", b"roster"), (200, "nonce-of-the-first", b"")):
        with pytest.raises(SignatureRefused):
            verify_answer("token", status, nonce, answer, body)
