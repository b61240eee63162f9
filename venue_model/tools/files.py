"""Reads venue and profile files: the I/O beside the pure loaders."""

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path

from venue_model.load import Problem, VenueError, load_venue
from venue_model.profiles import Profile, load_profile
from venue_model.venue import Venue


@cache
def shipped_profiles() -> dict[str, Profile]:
    """The profiles that come with bidhall, by id."""
    found = {}
    for file in sorted(resources.files("venue_model.profiles_data").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            profile = load_profile(file.read_text("utf-8"), file.name)
            found[profile.id] = profile
    return found


def read_venue(path: Path, check_ways_out: bool = True) -> Venue:
    """Load a venue file.  Raises VenueError with every problem, also when the file cannot be read; `check_ways_out` as in `load_venue`."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise VenueError([Problem(str(path), "file", f"cannot be read: {reason}", "check path and encoding")]) from None
    return load_venue(text, path.name, shipped_profiles().get, check_ways_out)


def example(name: str) -> Path:
    """The path of a shipped example, e.g. `county_hall`."""
    return Path(str(resources.files("venue_model.examples") / f"{name}.toml"))


def venue_digest(path: Path) -> str:
    """SHA-256 of the parsed file, so that comments and layout do not matter."""
    import hashlib

    from venue_model.canonical import canonical_bytes

    return hashlib.sha256(canonical_bytes(tomllib.loads(path.read_text("utf-8")))).hexdigest()
