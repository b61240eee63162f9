"""Makes the adapter that the configuration names: one line here for each kind of platform."""

from collections.abc import Mapping
from pathlib import Path

from gateway.config import PlatformConfig
from gateway.trading.base import Platform
from gateway.trading.exchange import new_client
from gateway.trading.folder import FolderPlatform
from gateway.trading.province import ProvincePlatform
from gateway.trading.province_fields import Borders
from gateway.trading.rest import RestPlatform
from venue_model.ids import RoomId
from venue_model.venue import Venue


def connect(config: PlatformConfig, folder: Path, venue: Venue) -> Platform | None:
    """The platform, or None when none is configured.  `folder` is what relative paths start from.

    ValueError for an address, token or certificate that cannot be right, naming the way out.
    """
    rooms = room_names(venue)
    if config.kind == "folder":
        return FolderPlatform(folder / config.folder, rooms)
    if not config.url:
        return None
    client = new_client(folder / config.authority if config.authority else None)
    if config.kind == "province":
        return ProvincePlatform(config.url, config.client, config.token, Borders(rooms, config.token.encode()), client)
    return RestPlatform(config.url, config.token, client)


def room_names(venue: Venue) -> Mapping[str, RoomId]:
    """What a platform or a person may call a room: its Chinese name, its number, its id.  A name that two rooms share is nobody's."""
    names = [(name, room.id) for room in venue.rooms.values() for name in dict.fromkeys((room.name.zh, room.number, room.id)) if name]
    counts: dict[str, int] = {}
    for name, _ in names:
        counts[name] = counts.get(name, 0) + 1
    return {name: room for name, room in names if counts[name] == 1 or name == room}
