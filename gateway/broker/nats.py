"""nats-server's configuration with MQTT for one venue: the broker that pip alone can install.  MQTT 3.1.1 only.

Three differences to Mosquitto that no setting removes.  Whoever knows a client id can take it over, so ours cannot be guessed
(`venue_model.session.client_id`).  There are no revocation lists: exactly the certificates that count are listed, each by the name in
it.  And a burst of QoS 1 messages costs about 13 times as much, because each one is a stored JetStream message.
"""

import json
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from gateway.broker.credentials import GATEWAY, PROBE, Certified, Login, write_private
from venue_model.session import agent_reads, agent_writes
from venue_model.wire import MAX_BYTES, Topics

PACKET_OVERHEAD = 4_096  # JetStream keeps headers of its own beside the largest payload
# NATS allows 65,535 unacknowledged messages over all subscriptions of one client, and a board subscribes to each of its rooms: enough
# for 59 rooms.
MAX_ACK_PENDING = 1_000


def find_binary() -> Path | None:
    """The nats-server of this Python environment or of PATH, or None."""
    beside = Path(sys.executable).parent / "nats-server"
    if beside.exists():
        return beside
    found = shutil.which("nats-server")
    return Path(found) if found else None


def write_config(folder: Path, host: str, port: int, certified: Certified | None = None) -> Path:
    """Write `nats.conf` and return its path.  The file of `write_logins` or `write_certified` is beside it."""
    path = folder / "nats.conf"
    write_private(path, config_text(folder, host, port, certified))
    return path


def write_logins(folder: Path, topics: Topics, logins: tuple[Login, ...]) -> None:
    """Write users and their rights.  A running broker reads them on SIGHUP."""
    write_private(folder / "nats.users", users_text([_user(topics, login.user, login.user, login.password) for login in logins]))


def write_certified(folder: Path, topics: Topics, certified: Certified) -> None:
    """Write one user for each certificate that counts.  A running broker cuts off whoever is no longer among them."""
    identities = certified.identities()
    users = [_user(topics, user, identity) for user, listed in sorted(identities.items()) for identity in listed]
    write_private(folder / "nats.users", users_text(users))


def config_text(folder: Path, host: str, port: int, certified: Certified | None = None) -> str:
    """The configuration.  The lifted consumer limit: each QoS 1 subscription is a consumer, and the default left half of
    2,000 devices deaf.  Synchronising by time is enough, because the gateway publishes all desired state anew."""
    quoted = json.dumps
    return f"""\
# Written by bidhall at every start: changes made here are lost.
server_name: "bidhall"
host: "127.0.0.1"
port: -1
max_payload: {MAX_BYTES + PACKET_OVERHEAD}
max_connections: 65536
jetstream {{
  store_dir: {quoted(str(folder / "nats"))}
  max_memory_store: 64MB
  max_file_store: 1GB
  sync_interval: "60s"
  limits {{ default_max_consumers: -1 }}
}}
mqtt {{
  host: {quoted(host)}
  port: {port}
  ack_wait: "30s"
  max_ack_pending: {MAX_ACK_PENDING}
{_tls(certified)}}}
logtime: true
include "nats.users"
"""


def _tls(certified: Certified | None) -> str:
    if certified is None:
        return ""
    server, authority = json.dumps(str(certified.server)), json.dumps(str(certified.authority))
    return f"  tls {{ cert_file: {server}, key_file: {server}, ca_file: {authority}, verify_and_map: true }}\n"


def users_text(users: Iterable[str]) -> str:
    """The users and what each may publish and subscribe to.

    Topics that the server itself uses (`$MQTT.…`) are allowed implicitly since 2.12.3, and only to the server's own use.
    """
    lines = "".join(f"  {user}\n" for user in users)
    return f"authorization {{ users = [\n{lines}] }}\n"


def subject(topic: str) -> str:
    """The NATS subject of an MQTT topic or filter.

    >>> subject("v1/agent/pi.4/+"), subject("v1/room/#")
    ('v1.agent.pi//4.*', 'v1.room.>')
    """
    levels = (level.replace(".", "//") for level in topic.split("/"))
    return ".".join({"+": "*", "#": ">"}.get(level, level) for level in levels)


def _user(topics: Topics, user: str, shown_as: str, password: str | None = None) -> str:
    """`shown_as`: what the client shows, its name or its certificate's."""
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    if user == GATEWAY:
        reads = writes = (topics.root, f"{topics.root}/#")  # a subscription to `root/#` is one to `root` too
    elif user == PROBE:
        reads = writes = ()
    else:
        reads, writes = agent_reads(topics, user, certified=True), agent_writes(topics, user)
    return json.dumps(
        {
            "user": shown_as,
            **({} if password is None else {"password": password}),
            "allowed_connection_types": ["MQTT"],
            "permissions": {"publish": _rights(writes), "subscribe": _rights(reads)},
        }
    )


def _rights(filters: tuple[str, ...]) -> dict[str, list[str]]:
    return {"allow": [subject(topic) for topic in filters]} if filters else {"deny": [">"]}
