"""Who may log in to the broker: by a random password on this machine alone, by a certificate wherever others could listen.

User name = agent id, so that one name stands in the access rules, the last will and the audit.
"""

import json
import os
import secrets
import ssl
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from venue_model.ids import is_id

GATEWAY = "gateway"
PROBE = "probe"  # may log in and nothing else: tells our broker from a stranger on the same port
RESERVED = (GATEWAY, PROBE)


class CredentialsError(ValueError):
    """The password file cannot be used, or a name is not known to it.  The text says what to do."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a client shows to the broker."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Certified:
    """What a broker needs to know everybody by certificate: PEM files that are read again at each reload, and whose certificates count.

    `identities` gives each user's certificates, by the name that is in them; a user without one is shut out.  `context` is TLS as a user
    of RESERVED, `stand_in` TLS in the name of any other, for `Broker.cut`.
    """

    authority: Path
    server: Path  # with its key
    revoked: Path
    identities: Callable[[], Mapping[str, tuple[str, ...]]]
    context: Callable[[str], ssl.SSLContext]
    stand_in: Callable[[str], ssl.SSLContext]


class Credentials:
    """The password file, 0600, made on first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._passwords = _read(path)
        if any(user not in self._passwords for user in RESERVED):
            self._add(RESERVED)

    def login(self, user: str) -> Login:
        """The login of a user who was admitted before."""
        try:
            return Login(user, self._passwords[user])
        except KeyError:
            raise CredentialsError(f"{self._path}: no password for {user!r}; admit the agent first") from None

    @property
    def agents(self) -> tuple[str, ...]:
        """All admitted agents, sorted."""
        return tuple(sorted(self._passwords.keys() - set(RESERVED)))

    @property
    def logins(self) -> tuple[Login, ...]:
        """Everybody who may log in, sorted by name."""
        return tuple(Login(user, password) for user, password in sorted(self._passwords.items()))

    def admit(self, agents: Iterable[str]) -> None:
        """Give every agent that has none a password.  The broker learns of it by `Broker.reload`."""
        names = tuple(agents)
        for agent in names:
            if not is_id(agent) or agent in RESERVED:
                raise CredentialsError(f"{agent!r} cannot be an agent: ids match [A-Za-z0-9._-]{{1,64}} and are not {RESERVED}")
        self._add(names)

    def retire(self, agent: str) -> None:
        """Forget an agent's password.  The broker learns of it by `Broker.reload`."""
        if agent not in self.agents:
            raise CredentialsError(f"{self._path}: {agent!r} is no admitted agent")
        del self._passwords[agent]
        self._write()

    def _add(self, users: Iterable[str]) -> None:
        fresh = {user: secrets.token_urlsafe(24) for user in users if user not in self._passwords}
        if fresh:
            self._passwords |= fresh
            self._write()

    def _write(self) -> None:
        write_private(self._path, json.dumps(self._passwords, indent=1, sort_keys=True) + "\n")


def write_private(path: Path, text: str) -> None:
    """Replace `path` in one step by a file that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _read(path: Path) -> dict[str, str]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return {}
    if mode & 0o077:
        raise CredentialsError(
            f"{path}: mode {mode:03o} lets others read the broker's passwords; "
            "delete it so that new ones are made, or `chmod 600` it if nobody else was on this machine"
        )
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise CredentialsError(f"{path}: not JSON ({error}); restore it, or delete it so that new passwords are made") from None
    if not isinstance(content, dict) or not all(isinstance(password, str) for password in content.values()):
        raise CredentialsError(f"{path}: expected an object of name → password; restore it, or delete it")
    return content
