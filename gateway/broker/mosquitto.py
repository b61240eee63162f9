"""Mosquitto's configuration, password and access files for one venue.  Understood by Debian's 2.0.11 and later 2.x."""

import base64
import getpass
import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from gateway.broker.credentials import GATEWAY, Certified, Login, write_private
from venue_model.session import WINDOW, agent_reads, agent_writes
from venue_model.wire import MAX_BYTES, Topics

# Debian keeps daemons out of a plain user's PATH.
FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
# Our passwords are random, 192 bits: stretching guards nothing, and a thousand agents log in at once after a power cut.
ITERATIONS = 101
SALT_BYTES = 12  # 2.0 accepts no other length
PACKET_OVERHEAD = 1_024  # fixed header, topic and packet id around the largest payload


def find_binary() -> Path | None:
    """The installed Mosquitto, or None."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *FOLDERS))
    found = shutil.which("mosquitto", path=path)
    return Path(found) if found else None


def write_config(folder: Path, host: str, port: int, certified: Certified | None = None) -> Path:
    """Write `mosquitto.conf` and return its path.  The files of `write_logins` or `write_certified` are beside it."""
    path = folder / "mosquitto.conf"
    write_private(path, config_text(folder, host, port, certified))
    return path


def write_logins(folder: Path, topics: Topics, logins: tuple[Login, ...]) -> None:
    """Write passwords and access rules.  A running broker reads them on SIGHUP and keeps its clients."""
    write_private(folder / "mosquitto.passwords", "".join(f"{password_line(login)}\n" for login in logins))
    write_private(folder / "mosquitto.access", access_text(topics))


def write_certified(folder: Path, topics: Topics, certified: Certified) -> None:
    """Write access rules, in which whoever has no certificate that counts may do nothing.  They take hold of open connections too,
    while the list of revoked certificates is asked only when somebody connects."""
    shut_out = sorted(user for user, identities in certified.identities().items() if not identities)
    write_private(folder / "mosquitto.access", access_text(topics, shut_out))


def config_text(folder: Path, host: str, port: int, certified: Certified | None = None) -> str:
    """The configuration.  What each limit prevents was measured: 20 in flight and 1,000 queued, the defaults, lost 48 %
    of 2,000 acknowledgements in one burst; saving on every change made a scene 88 times slower."""
    return f"""\
# Written by bidhall at every start: changes made here are lost.
user {getpass.getuser()}
listener {port} {host}
allow_anonymous false
{_admission(folder, certified)}acl_file {folder / "mosquitto.access"}
use_username_as_clientid true
set_tcp_nodelay true
max_inflight_messages {WINDOW}
max_queued_messages 100000
max_packet_size {MAX_BYTES + PACKET_OVERHEAD}
max_keepalive 60
persistence true
persistence_location {folder}/
persistence_file mosquitto.db
autosave_interval 60
autosave_on_changes false
persistent_client_expiration 1d
log_dest stderr
log_type error
log_type warning
connection_messages false
"""


def _admission(folder: Path, certified: Certified | None) -> str:
    if certified is None:
        return f"password_file {folder / 'mosquitto.passwords'}\n"
    return f"""\
cafile {certified.authority}
certfile {certified.server}
keyfile {certified.server}
crlfile {certified.revoked}
require_certificate true
use_identity_as_username true
"""


def access_text(topics: Topics, shut_out: Iterable[str] = ()) -> str:
    """Everything of the venue for the gateway; for anybody else what his own name allows, unless he is shut out.

    >>> from venue_model.ids import VenueId
    >>> print(access_text(Topics(VenueId("hall"))).splitlines()[4])
    pattern read bidhall/v1/hall/agent/%u/desired
    """
    denied = "".join(f"user {user}\ntopic deny #\n\n" for user in shut_out)
    reads = "".join(f"pattern read {topic}\n" for topic in agent_reads(topics, "%u", certified=True))
    writes = "".join(f"pattern write {topic}\n" for topic in agent_writes(topics, "%u"))
    return f"# Written by bidhall at every start.\nuser {GATEWAY}\ntopic readwrite {topics.root}/#\n\n{denied}{reads}{writes}"


def password_line(login: Login, salt: bytes | None = None) -> str:
    """One line of the password file: PBKDF2 over SHA-512."""
    salt = os.urandom(SALT_BYTES) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", login.password.encode(), salt, ITERATIONS)
    return f"{login.user}:$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
