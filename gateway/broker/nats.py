"""nats-server's configuration with MQTT for one venue: the broker that pip alone can install.  MQTT 3.1.1 only.

Two differences to Mosquitto that no setting removes: an agent with a valid password can take another's client id and
cut its connection (it still reads and writes only its own topics), and a burst of QoS 1 messages costs about 13 times
as much, because each one is a stored JetStream message.
"""

import json
import shutil
import sys
from pathlib import Path

from gateway.broker.credentials import GATEWAY, PROBE, Login, write_private
from venue_model.session import agent_reads, agent_writes
from venue_model.wire import MAX_BYTES, Topics

PACKET_OVERHEAD = 4_096  # JetStream keeps headers of its own beside the largest payload
# NATS allows 65,535 unacknowledged messages over all subscriptions of one client; nobody of ours has more than five.
MAX_ACK_PENDING = 10_000


def find_binary() -> Path | None:
    """The nats-server of this Python environment or of PATH, or None."""
    beside = Path(sys.executable).parent / "nats-server"
    if beside.exists():
        return beside
    found = shutil.which("nats-server")
    return Path(found) if found else None


def write_config(folder: Path, host: str, port: int) -> Path:
    """Write `nats.conf` and return its path.  The file of `write_logins` is beside it."""
    path = folder / "nats.conf"
    write_private(path, config_text(folder, host, port))
    return path


def write_logins(folder: Path, topics: Topics, logins: tuple[Login, ...]) -> None:
    """Write users and their rights.  A running broker reads them on SIGHUP."""
    write_private(folder / "nats.users", users_text(topics, logins))


def config_text(folder: Path, host: str, port: int) -> str:
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
}}
logtime: true
include "nats.users"
"""


def users_text(topics: Topics, logins: tuple[Login, ...]) -> str:
    """The users and what each may publish and subscribe to.

    Topics that the server itself uses (`$MQTT.…`) are allowed implicitly since 2.12.3, and only to the server's own use.
    """
    lines = "".join(f"  {_user(topics, login)}\n" for login in logins)
    return f"authorization {{ users = [\n{lines}] }}\n"


def subject(topic: str) -> str:
    """The NATS subject of an MQTT topic or filter.

    >>> subject("v1/agent/pi.4/+"), subject("v1/room/#")
    ('v1.agent.pi//4.*', 'v1.room.>')
    """
    levels = (level.replace(".", "//") for level in topic.split("/"))
    return ".".join({"+": "*", "#": ">"}.get(level, level) for level in levels)


def _user(topics: Topics, login: Login) -> str:
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    if login.user == GATEWAY:
        reads = writes = (topics.root, f"{topics.root}/#")  # a subscription to `root/#` is one to `root` too
    elif login.user == PROBE:
        reads = writes = ()
    else:
        reads, writes = agent_reads(topics, login.user), agent_writes(topics, login.user)
    return json.dumps(
        {
            "user": login.user,
            "password": login.password,
            "allowed_connection_types": ["MQTT"],
            "permissions": {"publish": _rights(writes), "subscribe": _rights(reads)},
        }
    )


def _rights(filters: tuple[str, ...]) -> dict[str, list[str]]:
    return {"allow": [subject(topic) for topic in filters]} if filters else {"deny": [">"]}
