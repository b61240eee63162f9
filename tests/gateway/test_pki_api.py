"""What integrators and browsers see of certificates."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from test_api import Case, case, keys, refused  # noqa: F401  fixtures

from gateway.api.app import make_app
from gateway.api.services import Services
from gateway.config import BrokerConfig, GatewayConfig
from gateway.pki.wiring import secure


@pytest.fixture
def house(case: Case, tmp_path: Path) -> Iterator[Case]:  # noqa: F811
    """The same venue, reached from other machines."""
    found: Services = case["nobody"].app.state.services  # type: ignore[attr-defined]
    venue = case.stage.venue
    secured = secure(GatewayConfig("v", "d", host="0.0.0.0", broker=BrokerConfig(host="0.0.0.0")), tmp_path, tmp_path / "d", venue)
    assert secured.desk is not None
    for board in venue.boards:
        secured.desk.commission(board)
    secured.desk.note = case.stage.coordinator.journal.note
    parts = replace(found, secured=secured)
    for client in case.clients.values():
        client.app.state.services = parts  # type: ignore[attr-defined]
    yield case


def boards(house: Case) -> dict[str, Any]:
    listed = house["integrator"].get("/api/v1/certificates").json()["boards"]
    return {row["board"]: row for row in listed}


def test_every_board_is_listed_with_its_standing_and_its_end(house: Case) -> None:
    answer = house["integrator"].get("/api/v1/certificates").json()
    assert answer["broker_tls"] and answer["web_tls"]
    assert {row["board"] for row in answer["boards"]} == set(house.stage.venue.boards)
    assert {row["standing"] for row in answer["boards"]} == {"waiting"}
    assert all(row["until_utc_ns"] > answer["server_until_utc_ns"] - 400 * 86_400 * 10**9 for row in answer["boards"])


def test_a_board_is_shut_out_and_admitted_again_and_both_are_on_record(house: Case) -> None:
    board = sorted(house.stage.venue.boards)[0]
    before = boards(house)[board]["serial"]
    answer = house["integrator"].post(f"/api/v1/agents/{board}/revoke", json={"reason": "被盗 stolen"})
    assert answer.status_code == 204
    row = boards(house)[board]
    assert (row["standing"], row["serial"]) == ("revoked", before)
    assert row["revoked_utc_ns"]
    assert house["integrator"].post(f"/api/v1/agents/{board}/admit").status_code == 204
    row = boards(house)[board]
    assert row["standing"] == "waiting" and row["serial"] != before
    [revoked] = house.stage.lines("board-revoked")
    assert revoked == {"board": board, "by": "integrator", "reason": "被盗 stolen"}
    [admitted] = house.stage.lines("board-admitted")
    assert admitted == {"board": board, "by": "integrator"}


def test_nobody_but_an_integrator_touches_certificates(house: Case) -> None:
    for role in ("staff", "supervisor"):
        refused(house[role].get("/api/v1/certificates"), 403, "not-allowed")
        refused(house[role].post("/api/v1/agents/front/revoke", json={"reason": "x"}), 403, "not-allowed")
        refused(house[role].post("/api/v1/agents/front/admit"), 403, "not-allowed")
    refused(house["nobody"].post("/api/v1/agents/front/revoke", json={"reason": "x"}), 401, "signed-out")


def test_a_board_that_nobody_knows_is_refused(house: Case) -> None:
    refused(house["integrator"].post("/api/v1/agents/nowhere/revoke", json={"reason": "x"}), 404, "not-found")
    refused(house["integrator"].post("/api/v1/agents/front/revoke", json={"reason": ""}), 422, "bad-input")


def test_where_nothing_speaks_tls_the_page_says_so(case: Case) -> None:  # noqa: F811
    answer = case["integrator"].get("/api/v1/certificates").json()
    assert (answer["broker_tls"], answer["boards"], answer["fingerprint"]) == (False, [], None)
    refused(case["integrator"].post("/api/v1/agents/front/revoke", json={"reason": "x"}), 409, "no-tls")
    refused(case["nobody"].get("/ca.crt"), 409, "no-tls")


def test_a_browser_gets_the_authority_and_its_fingerprint_before_it_signs_in(house: Case) -> None:
    answer = house["nobody"].get("/ca.crt")
    certificate = x509.load_pem_x509_certificate(answer.content)
    shown = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    assert answer.headers["content-type"].startswith("application/x-x509-ca-cert")
    assert shown in house["nobody"].get("/ca").text
    assert shown == house["integrator"].get("/api/v1/certificates").json()["fingerprint"]
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert ssl.create_default_context(cadata=answer.text).cert_store_stats()["x509_ca"] == 1
    assert "PRIVATE" not in answer.text


def test_the_application_can_be_described_without_certificates() -> None:
    paths = make_app(None, None).openapi()["paths"]
    assert {"/api/v1/certificates", "/api/v1/agents/{board}/revoke", "/api/v1/agents/{board}/admit"} <= set(paths)
    assert "/ca" not in paths
