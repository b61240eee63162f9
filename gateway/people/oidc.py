"""Signing in elsewhere: OpenID Connect with the authorization code, PKCE, state and nonce (OpenID Connect Core 1.0, RFC 7636).

The issuer vouches for who somebody is and for their role; such an account has no password here.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from gateway.config import OidcConfig
from gateway.core.rights import AccountRole
from venue_model.moments import Now, S

ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]  # of public keys alone: never "none", never a shared secret
WAIT_S = 600  # so long somebody may take at the issuer's page
PENDING = 1000  # sign-ins that are under way at once
LEEWAY_S = 60  # between the issuer's clock and this one
KEYS_S = 3600  # so long the issuer's keys are believed without asking again
TIMEOUT_S = 10.0


class OidcError(Exception):
    """A sign-in that came to nothing: a code, and the fault with its remedy in two languages."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.code, self.zh, self.en = code, zh, en


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the issuer vouches for."""

    issuer: str
    subject: str
    account: str
    role: AccountRole


@dataclass(frozen=True, slots=True)
class _Pending:
    nonce: str
    verifier: str
    redirect: str
    until_utc_ns: int


@dataclass(frozen=True, slots=True)
class _Issuer:
    authorize: str
    token: str
    keys: KeySet
    until_utc_ns: int


class Oidc:
    """One issuer.  ValueError when the configuration cannot be used."""

    def __init__(
        self, config: OidcConfig, folder: Path, clock: Callable[[], Now], transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        at = urlsplit(config.issuer)
        if at.scheme != "https" and at.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError(f"[oidc] issuer: {config.issuer} is not https; over plain http anybody on the way could sign in as anybody")
        if not config.client_id:
            raise ValueError("[oidc] client_id: missing; register this gateway with the issuer and write its client id")
        for value, role in config.roles.items():
            if role not in set(AccountRole):
                raise ValueError(f"[oidc.roles] {value}: {role!r} is no role; choose one of {', '.join(AccountRole)}")
        self.config = config
        self.clock = clock
        self.secret = _read_secret(folder / config.client_secret_file) if config.client_secret_file else ""
        self._transport = transport
        self._pending: dict[str, _Pending] = {}
        self._issuer: _Issuer | None = None

    async def begin(self, redirect: str) -> tuple[str, str]:
        """(where to send the browser, the state that it must bring back)."""
        issuer, now = await self._known(), self.clock().utc_ns
        self._pending = {state: one for state, one in self._pending.items() if one.until_utc_ns > now}
        if len(self._pending) >= PENDING:
            raise OidcError("busy", "登录请求过多,请稍后再试", "too many sign-ins are under way; try again in some minutes")
        state, one = secrets.token_urlsafe(24), _Pending(
            secrets.token_urlsafe(24), secrets.token_urlsafe(48), self.config.redirect_url or redirect, now + WAIT_S * S
        )  # fmt: skip
        self._pending[state] = one
        challenge = base64.urlsafe_b64encode(hashlib.sha256(one.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code", "client_id": self.config.client_id, "redirect_uri": one.redirect, "scope": "openid profile",
            "state": state, "nonce": one.nonce, "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        return f"{issuer.authorize}{'&' if '?' in issuer.authorize else '?'}{urlencode(asked)}", state

    async def finish(self, state: str, state_of_browser: str, code: str) -> Vouched:
        """Whom the issuer vouches for.  A state is good once, and only in the browser that began."""
        pending = self._pending.pop(state, None) if secrets.compare_digest(state.encode(), state_of_browser.encode()) else None
        if pending is None or pending.until_utc_ns <= self.clock().utc_ns:
            raise OidcError("state", "登录已失效,请重新开始", "this sign-in was not begun in this browser, or is too old; begin again")
        issuer = await self._known()
        answer = await self._exchange(issuer, pending, code)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise OidcError("issuer", "认证服务未返回身份令牌", "the issuer gave no id_token; it must allow the scope openid")
        return self._vouched(await self._claims(token, pending.nonce))

    async def _exchange(self, issuer: _Issuer, pending: _Pending, code: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": pending.redirect, "code_verifier": pending.verifier,
            "client_id": self.config.client_id,
        }  # fmt: skip
        proof = httpx.BasicAuth(self.config.client_id, self.secret) if self.secret else None
        return await self._ask("POST", issuer.token, data=form, auth=proof)

    async def _claims(self, token: str, nonce: str) -> Mapping[str, Any]:
        try:
            claims = self._decoded(token, (await self._known()).keys)
        except (JoseError, ValueError):
            # The issuer may have changed its keys since they were fetched: once more, with new ones.
            self._issuer = None
            try:
                claims = self._decoded(token, (await self._known()).keys)
            except (JoseError, ValueError) as error:
                raise OidcError(
                    "token", "身份令牌无效", f"the issuer's token is not good: {error}; compare the clocks, the issuer and the client id"
                ) from None
        if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise OidcError("nonce", "身份令牌不属于此次登录", "the token is not of this sign-in; begin again")
        audience = claims.get("aud")
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != self.config.client_id:
            raise OidcError("token", "身份令牌不是发给本系统的", "the token is for others beside this gateway, and was not asked for by it")
        return claims

    def _decoded(self, token: str, keys: KeySet) -> Mapping[str, Any]:
        found = jwt.decode(token, keys, algorithms=ALGORITHMS)
        rules = JWTClaimsRegistry(
            now=lambda: self.clock().utc_ns // S, leeway=LEEWAY_S,
            iss={"essential": True, "value": self.config.issuer}, aud={"essential": True, "value": self.config.client_id},
            exp={"essential": True}, iat={"essential": True}, sub={"essential": True},
        )  # fmt: skip
        rules.validate(found.claims)
        return found.claims

    def _vouched(self, claims: Mapping[str, Any]) -> Vouched:
        account, named = claims.get(self.config.account_claim), _at(claims, self.config.role_claim)
        if not isinstance(account, str) or not account:
            where = self.config.account_claim
            raise OidcError("account", f"身份令牌缺少 {where}", f"the token holds no {where}; mend [oidc] account_claim, or the issuer")
        values = [named] if isinstance(named, str) else [v for v in named if isinstance(v, str)] if isinstance(named, list) else []
        roles = {self.config.roles[value] for value in values if value in self.config.roles}
        if len(roles) != 1:
            told = "、".join(sorted(roles)) or "无"
            raise OidcError(
                "role", f"无法确定角色(令牌给出:{told});请联系安全管理员",
                f"the claim {self.config.role_claim} names {len(roles)} roles of this venue, and must name one: "
                f"mend the issuer's mapping or [oidc.roles]",
            )  # fmt: skip
        return Vouched(self.config.issuer, str(claims["sub"]), account, AccountRole(roles.pop()))

    async def _known(self) -> _Issuer:
        """The issuer's addresses and keys, asked for anew every hour."""
        now = self.clock().utc_ns
        if self._issuer is None or self._issuer.until_utc_ns <= now:
            about = await self._ask("GET", f"{self.config.issuer.rstrip('/')}/.well-known/openid-configuration")
            if about.get("issuer") != self.config.issuer:
                raise OidcError(
                    "issuer", "认证服务自称的地址与配置不符",
                    f"the issuer calls itself {about.get('issuer')!r}; write that as [oidc] issuer if it is right",
                )  # fmt: skip
            try:
                keys = KeySet.import_key_set(await self._ask("GET", str(about["jwks_uri"])))  # type: ignore[arg-type]
                self._issuer = _Issuer(str(about["authorization_endpoint"]), str(about["token_endpoint"]), keys, now + KEYS_S * S)
            except (KeyError, JoseError, ValueError) as error:
                raise OidcError("issuer", "认证服务配置不完整", f"the issuer's document is not complete: {error!r}") from None
        return self._issuer

    async def _ask(self, method: str, url: str, **more: Any) -> Mapping[str, Any]:
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT_S, follow_redirects=False) as client:
                answer = await client.request(method, url, headers={"Accept": "application/json"}, **more)
                found = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise OidcError(
                "unreachable", "认证服务无法访问;请稍后再试或用本地账号登录",
                f"the issuer at {urlsplit(url).netloc} does not answer ({type(error).__name__}); try again, or sign in with a password",
            ) from None  # fmt: skip
        if answer.status_code != 200 or not isinstance(found, dict):
            fault = found.get("error", "") if isinstance(found, dict) else ""
            said = f"the issuer answered {answer.status_code} {fault}; check client id, secret and redirect address"
            raise OidcError("issuer", "认证服务拒绝了登录", said)
        return found


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """A claim by its name, or by a path such as realm_access.roles."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _read_secret(path: Path) -> str:
    try:
        secret = path.read_text("utf-8").strip()
        mode = path.stat().st_mode
    except OSError as error:
        raise ValueError(f"[oidc] client_secret_file: {path}: {error.strerror}; write the client's secret there") from None
    if mode & 0o077:
        raise ValueError(f"[oidc] client_secret_file: {path} can be read by others; chmod 600 it")
    if not secret:
        raise ValueError(f"[oidc] client_secret_file: {path} is empty; write the client's secret there")
    return secret
