"""Commissioning: the folder that is copied to each board, with what it must know and its login to the broker.

`<data>/boards/<board>/commission.json` is `venue_model.commissioning.Commission`; `login.json` is what the agent's file says of the broker:
user and password, or user and where its first key is, which lies beside it.
"""

import json
import os
from pathlib import Path

from gateway.broker.credentials import Credentials
from gateway.pki.desk import PkiDesk
from venue_model import signing
from venue_model.commissioning import commission, encode_commission
from venue_model.venue import Venue

POLICY_KEY = "policy.key"


def load_policy_key(keys: Path) -> bytes:
    """The key that signs door policies, 32 bytes, 0600; made on first use.  It is not the gateway's TLS or seal key."""
    path = keys / POLICY_KEY
    if not path.exists():
        keys.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(32))
            file.flush()
            os.fsync(file.fileno())
    key = path.read_bytes()
    if len(key) != 32:
        raise ValueError(f"{path}: {len(key)} bytes, a policy key has 32; restore it from the backup")
    return key


def write_boards(venue: Venue, data: Path, guests: Credentials | PkiDesk, policy_key: bytes) -> None:
    """Write every board's folder.  Repeating changes nothing unless the venue has changed."""
    if isinstance(guests, Credentials):
        guests.admit(venue.boards)
    public = signing.public_key_of(policy_key).hex()
    for board in venue.boards:
        folder = data / "boards" / board
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / "commission.json", encode_commission(commission(venue, board, public)))
        login: dict[str, str] = {"user": board}
        if isinstance(guests, Credentials):
            login["password"] = guests.login(board).password
        else:
            guests.commission(board)
            login["identity"] = "."
        _replace(folder / "login.json", json.dumps(login).encode())


def _replace(path: Path, data: bytes) -> None:
    """Write beside and rename, 0600: a board never reads half a file."""
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
