"""Signing in at an issuer: the whole way through a browser, and every way in which it must come to nothing."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from people_case import API, Client, accounts_of, reason, sign_in
from test_api import Case, case, keys  # noqa: F401  fixtures

from gateway.config import OidcConfig
from gateway.people.oidc import Oidc
from gateway.shell.coordinator import clock

ISSUER = "https://id.example"
CONFIG = OidcConfig(issuer=ISSUER, client_id="bidhall", roles={"场地": "staff", "监督": "supervisor"})


class Issuer:
    """A stand-in that signs what a test wants."""

    def __init__(self, key: RSAKey) -> None:
        self.key = key
        self.claims: dict[str, Any] = {"sub": "u-7", "preferred_username": "zhou", "roles": ["监督", "other"]}
        self.asked: dict[str, str] = {}  # by the browser, at the authorization endpoint
        self.form: dict[str, list[str]] = {}
        self.away = False
        self.token: str | None = None
        self.calls_itself = ISSUER

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("away")
        match request.url.path:
            case "/.well-known/openid-configuration":
                ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
                return httpx.Response(200, json={"issuer": self.calls_itself, **{k: f"{ISSUER}/{v}" for k, v in ends.items()}})
            case "/keys":
                return httpx.Response(200, json=KeySet([self.key]).as_dict(private=False))
            case _:
                self.form = parse_qs(request.content.decode())
                if self.form.get("code") != ["good"]:
                    return httpx.Response(400, json={"error": "invalid_grant"})
                return httpx.Response(200, json={"id_token": self.token or self.signed(), "access_token": "x"})

    def signed(self, key: RSAKey | None = None, header: dict[str, str] | None = None, **claims: Any) -> str:
        now = int(time.time())
        told = {
            "iss": ISSUER, "aud": "bidhall", "iat": now, "exp": now + 300, "nonce": self.asked.get("nonce", ""), **self.claims, **claims,
        }  # fmt: skip
        return jwt.encode(header or {"alg": "RS256", "kid": "k1"}, {k: v for k, v in told.items() if v is not None}, key or self.key)


@pytest.fixture(scope="module")
def issuer_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "k1"})


@pytest.fixture
def issuer(case: Case, issuer_key: RSAKey, tmp_path: Path) -> Issuer:  # noqa: F811
    found = Issuer(issuer_key)
    accounts_of(case).oidc = Oidc(CONFIG, tmp_path, clock, httpx.MockTransport(found))
    return found


@pytest.fixture
def page(case: Case) -> Iterator[Client]:  # noqa: F811
    yield case["nobody"]


def begin(page: Client, issuer: Issuer) -> None:
    answer = page.get(f"{API}/oidc/begin", follow_redirects=False)
    assert answer.status_code == 303, answer.text
    issuer.asked = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def come_back(page: Client, issuer: Issuer, **change: str) -> httpx.Response:
    asked = {"state": issuer.asked["state"], "code": "good", **change}
    found: httpx.Response = page.get(f"{API}/oidc/callback", params=asked, follow_redirects=False)
    return found


def test_who_the_issuer_vouches_for_is_signed_in_with_the_role_that_it_names(case: Case, page: Client, issuer: Issuer) -> None:  # noqa: F811
    assert page.get(f"{API}/sign-in-ways").json() == {"oidc": "统一身份认证"}
    begin(page, issuer)
    assert issuer.asked["code_challenge_method"] == "S256" and issuer.asked["response_type"] == "code"
    assert issuer.asked["redirect_uri"] == f"https://venue{API}/oidc/callback"
    answer = come_back(page, issuer)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert issuer.form["code_verifier"][0] != issuer.asked["code_challenge"]
    who = page.get(f"{API}/session").json()
    assert (who["account"], who["role"], who["must_change"]) == ("zhou", "supervisor", False)
    assert reason(sign_in(page, "zhou", "")) == (401, "wrong-password"), "such an account has no password here"
    assert reason(page.post(f"{API}/me/password", json={"old": "", "new": "mi-ma-2026-neu"})) == (409, "no-password")


def test_the_role_follows_the_issuer(case: Case, page: Client, issuer: Issuer) -> None:  # noqa: F811
    begin(page, issuer)
    come_back(page, issuer)
    issuer.claims["roles"] = "场地"
    issuer.claims["preferred_username"] = "renamed"
    begin(page, issuer)
    come_back(page, issuer)
    who = page.get(f"{API}/session").json()
    assert (who["account"], who["role"]) == ("zhou", "staff"), "known by the issuer's own name for them"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bad_tokens(issuer: Issuer) -> dict[str, str]:
    now = int(time.time())
    stranger = RSAKey.generate_key(2048, {"kid": "k1"})
    header, claims, _ = issuer.signed().split(".")
    none, hs256 = b64(b'{"alg":"none"}'), b64(b'{"alg":"HS256","kid":"k1"}')
    forged = b64(hmac.digest(issuer.key.as_pem(private=False), f"{hs256}.{claims}".encode(), "sha256"))
    return {
        "another key": issuer.signed(stranger),
        "no signature": f"{header}.{claims}.",
        "no algorithm": f"{none}.{claims}.",
        "the public key as a secret": f"{hs256}.{claims}.{forged}",
        "another issuer": issuer.signed(iss="https://evil.example"),
        "for somebody else": issuer.signed(aud="other"),
        "for others too": issuer.signed(aud=["bidhall", "other"]),
        "too old": issuer.signed(exp=now - 120, iat=now - 400),
        "without an end": issuer.signed(exp=None),
        "of another sign-in": issuer.signed(nonce="stolen"),
        "of nobody": issuer.signed(sub=None),
        "no token": "no.token",
    }


def test_no_bad_token_signs_anybody_in(case: Case, page: Client, issuer: Issuer) -> None:  # noqa: F811
    for fault in bad_tokens(issuer):
        begin(page, issuer)
        issuer.token = bad_tokens(issuer)[fault]
        answer = come_back(page, issuer)
        assert answer.status_code == 400, fault
        assert "返回 back" in answer.text
        assert page.get(f"{API}/session").status_code == 401, fault


def test_a_sign_in_is_good_once_and_only_in_the_browser_that_began_it(case: Case, page: Client, issuer: Issuer) -> None:  # noqa: F811
    begin(page, issuer)
    assert come_back(page, issuer, state="guessed").status_code == 400
    begin(page, issuer)
    other = Client(page.app, base_url="https://venue")
    assert come_back(other, issuer).status_code == 400, "another browser was handed the address"
    begin(page, issuer)
    assert come_back(page, issuer).status_code == 303
    assert come_back(page, issuer).status_code == 400


REFUSALS = (
    ({"roles": []}, "names 0 roles"),
    ({"roles": ["场地", "监督"]}, "names 2 roles"),
    ({"roles": None}, "names 0 roles"),
    ({"preferred_username": None}, "mend [oidc] account_claim"),
    ({"preferred_username": "staff"}, "staff is another account here already"),
    ({"preferred_username": "no name"}, "is no account name here"),
)


@pytest.mark.parametrize(("claims", "said"), REFUSALS)
def test_who_cannot_be_placed_is_told_why(case: Case, page: Client, issuer: Issuer, claims: dict[str, Any], said: str) -> None:  # noqa: F811
    begin(page, issuer)
    issuer.claims |= claims
    answer = come_back(page, issuer)
    assert answer.status_code == 400 and said in answer.text, answer.text


def test_a_suspended_account_stays_out(case: Case, page: Client, issuer: Issuer) -> None:  # noqa: F811
    begin(page, issuer)
    come_back(page, issuer)
    accounts_of(case).book.change("zhou", disabled=1)
    assert page.get(f"{API}/session").status_code == 401
    begin(page, issuer)
    assert "is suspended" in come_back(page, issuer).text


def test_an_issuer_that_is_away_or_refuses_is_told_with_the_way_out(case: Case, page: Client, issuer: Issuer) -> None:  # noqa: F811
    begin(page, issuer)
    assert "check client id, secret and redirect address" in come_back(page, issuer, code="bad").text
    begin(page, issuer)
    assert "ask its administrator" in come_back(page, issuer, error="access_denied").text
    issuer.away = True
    accounts_of(case).oidc._issuer = None  # type: ignore[union-attr]
    assert "sign in with a password" in page.get(f"{API}/oidc/begin", follow_redirects=False).text


def test_new_keys_of_the_issuer_are_learned_and_a_false_issuer_is_noticed(case: Case, page: Client, issuer: Issuer) -> None:  # noqa: F811
    begin(page, issuer)
    issuer.key = RSAKey.generate_key(2048, {"kid": "k2"})
    issuer.token = issuer.signed(header={"alg": "RS256", "kid": "k2"})
    assert come_back(page, issuer).status_code == 303
    accounts_of(case).oidc._issuer = None  # type: ignore[union-attr]
    issuer.calls_itself = "https://other.example"
    assert "write that as [oidc] issuer" in page.get(f"{API}/oidc/begin", follow_redirects=False).text


def test_a_venue_without_an_issuer_says_so(case: Case, page: Client) -> None:  # noqa: F811
    assert page.get(f"{API}/sign-in-ways").json() == {"oidc": None}
    assert reason(page.get(f"{API}/oidc/begin")) == (404, "no-oidc")


def test_a_configuration_that_cannot_hold_is_refused_at_the_start(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    secret.chmod(0o644)
    for config, said in (
        (replace(CONFIG, issuer="http://id.example"), "is not https"),
        (replace(CONFIG, client_id=""), "client_id: missing"),
        (replace(CONFIG, roles={"x": "king"}), "'king' is no role"),
        (replace(CONFIG, client_secret_file="nowhere"), "write the client's secret there"),
        (replace(CONFIG, client_secret_file="secret"), "chmod 600"),
    ):
        with pytest.raises(ValueError, match=said.replace("(", r"\(")):
            Oidc(config, tmp_path, clock)
    secret.chmod(0o600)
    assert Oidc(replace(CONFIG, client_secret_file="secret"), tmp_path, clock).secret == "s"


def test_a_role_deep_in_a_token_is_found(case: Case, page: Client, issuer: Issuer, tmp_path: Path) -> None:  # noqa: F811
    config = replace(CONFIG, role_claim="realm_access.roles")
    accounts_of(case).oidc = Oidc(config, tmp_path, clock, httpx.MockTransport(issuer))
    issuer.claims["realm_access"] = json.loads('{"roles": ["场地"]}')
    begin(page, issuer)
    assert come_back(page, issuer).status_code == 303
    assert page.get(f"{API}/session").json()["role"] == "staff"
