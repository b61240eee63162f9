"""Make a program bundle for boards from the packages of this installation, and the key that signs it."""

import os
from pathlib import Path

import venue_model
from venue_model import signing
from venue_model.bundles import pack

PACKAGES = ("edge", "venue_model")
PROGRAM = "bidhall.py"


def program_files(root: Path | None = None) -> dict[str, bytes]:
    """Everything that runs on a board, by its path in the bundle; `root` is the folder that the packages lie in."""
    root = root or Path(venue_model.__file__).parents[1]
    paths = [root / PROGRAM, *(path for package in PACKAGES for path in (root / package).rglob("*"))]
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in paths
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }


def make_bundle(out: Path, version: str, number: int, release_key: bytes, root: Path | None = None) -> None:
    """Write a bundle; a file that is there is not overwritten (FileExistsError)."""
    with out.open("xb") as file:
        file.write(pack(version, number, program_files(root), release_key))


def make_release_key(path: Path) -> str:
    """Write a new release key, 64 hex digits, 0600; its public half.  A file that is there is not overwritten (FileExistsError)."""
    key = os.urandom(32)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key.hex() + "\n")
    return signing.public_key_of(key).hex()


def read_key(path: Path) -> bytes:
    """The 32 bytes of a key file.  ValueError names the file."""
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as fault:
        raise ValueError(f"{path}: cannot be read as 64 hex digits ({fault}); name the file of the key") from None
    if len(key) != 32:
        raise ValueError(f"{path}: {len(key)} bytes, a key has 32; name the file of the key")
    return key
