"""Is the gateway there?  A board that has heard of neither broker nor gateway for a while says so on its signs (overlay DEG).

Doors have their own, stricter clock: the lease.
"""

from dataclasses import dataclass, replace

from venue_model.moments import Now, S

ALONE_NS = 10 * S  # a broker that restarts is back within 3 s; a gateway within 5


@dataclass(frozen=True, slots=True)
class Contact:
    """The last that was heard."""

    link: bool = False
    gateway: bool = True  # as its retained status says; its last will says otherwise
    epoch: int = 0  # of the gateway that said so
    lost_ns: int | None = None  # since when there is no contact


def started(contact: Contact, now: Now) -> Contact:
    """The program begins: until the first connection there is nobody."""
    return replace(contact, lost_ns=now.mono_ns)


def linked(contact: Contact, up: bool, now: Now) -> Contact:
    """The link to the broker came or went."""
    return _settled(replace(contact, link=up), now)


def heard(contact: Contact, on: bool, epoch: int, now: Now) -> Contact:
    """The gateway's status.  The late will of an older gateway does not bury the living one."""
    if epoch < contact.epoch:
        return contact
    return _settled(replace(contact, gateway=on, epoch=epoch), now)


def alone(contact: Contact, now: Now) -> bool:
    """True once there was no contact for long enough to say so."""
    return contact.lost_ns is not None and now.mono_ns - contact.lost_ns >= ALONE_NS


def alone_at_ns(contact: Contact) -> int | None:
    """When `alone` will be true if nothing is heard."""
    return None if contact.lost_ns is None else contact.lost_ns + ALONE_NS


def _settled(contact: Contact, now: Now) -> Contact:
    if contact.link and contact.gateway:
        return replace(contact, lost_ns=None)
    return contact if contact.lost_ns is not None else replace(contact, lost_ns=now.mono_ns)
