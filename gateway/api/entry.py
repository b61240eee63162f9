"""The way in: before a route does anything, or even looks at what was sent, its action is known and its asker may do it.

What was asked and what became of it goes into the audit chain: acts together with their journal line, the rest here.
"""

from collections.abc import Callable, Iterable, Mapping

from fastapi import Request, Response
from starlette.requests import HTTPConnection

from gateway.api.accounts import forbidden
from gateway.api.errors import ApiError
from gateway.api.route_actions import API, ROUTES
from gateway.api.services import Services, services
from gateway.core.parts import held_rooms, live
from gateway.core.rights import RIGHTS, Action, decide_act
from gateway.core.wants import shown_room
from gateway.people.audit import ASKING, Asking
from venue_model.ids import ComponentId, DeviceId, DoorId, LotId, RunId
from venue_model.lots import Lot


async def enter(connection: HTTPConnection) -> None:
    """For every route.  ApiError 401 for a stranger, 403 for whoever may not, and for a route that names no action."""
    if connection.scope["type"] != "http":
        return  # the live feed asks for itself, because a socket is refused with a code of its own
    route, method = connection.scope["route"].path, connection.scope["method"]
    action = ROUTES.get(f"{method} {route}")
    if action is None:
        raise ApiError(
            403, "no-action", "此接口未登记权限", f"{method} {route} names no action; add its row to gateway/api/route_actions.py"
        )
    if action is Action.PUBLIC:
        return
    s = services(connection)
    account = s.accounts.need(connection)
    subject = connection.scope["path"].removeprefix(f"{API}/")
    now = s.accounts.clock()
    if refusal := decide_act(account, action, named_lots(s, connection.path_params), now.utc_ns):
        s.accounts.audit.tell(account.id, action, f"{method} {subject}", refusal.code, now)
        raise forbidden(refusal)
    asking = Asking(account.id, action, f"{method} {subject}")
    connection.state.asking = asking
    ASKING.set(asking)


def need_also(connection: HTTPConnection, action: Action) -> None:
    """What is asked turns out to be another action as well: a scene that lifts a seal.  ApiError 403 for whoever may not."""
    s = services(connection)
    account, now = s.accounts.need(connection), s.accounts.clock()
    if refusal := decide_act(account, action, named_lots(s, connection.path_params), now.utc_ns):
        raise forbidden(refusal)


def tell_outcome(request: Request, response: Response) -> None:
    """Into the audit chain, unless the journal line of the act has brought it there."""
    asking: Asking | None = getattr(request.state, "asking", None)
    if asking is None:
        return
    audit, now = services(request).accounts.audit, services(request).accounts.clock()
    refused = getattr(request.state, "refused", "")
    if request.method != "GET":
        if not asking.told:
            audit.tell(asking.account, asking.action, asking.subject, refused or "done", now)
    elif RIGHTS[Action(asking.action)].told and not refused:
        audit.tell_look(asking, now)


def named_lots(s: Services, path: Mapping[str, str]) -> list[Lot] | None:
    """The lots that a path names, by whichever of its parts says most; None when it names none that anybody knows."""
    for part, find in FINDERS.items():
        if part in path:
            return list(find(s, path[part])) or None
    return None


def _of_lot(s: Services, lot: str) -> Iterable[Lot]:
    state = s.coordinator.day.get(LotId(lot))
    return [state.lot] if state else []


def _of_project(s: Services, project: str) -> Iterable[Lot]:
    return [state.lot for state in s.coordinator.day.values() if state.lot.project == project]


def _of_run(s: Services, run: str) -> Iterable[Lot]:
    found = s.coordinator.scenes.run(RunId(run))
    return _of_lot(s, found.lot) if found else []


def _of_segment(s: Services, sha256: str) -> Iterable[Lot]:
    found = s.index.segment(sha256)
    return _of_lot(s, found.lot) if found else []


def _of_person(s: Services, person: str) -> Iterable[Lot]:
    return [state.lot for state in s.coordinator.day.values() if any(p.person == person for p in state.lot.people)]


def _of_alarm(s: Services, alarm: str) -> Iterable[Lot]:
    return _of_lot(s, s.view.lot_of_alarm(alarm) or "")


def _of_exception(s: Services, id: str) -> Iterable[Lot]:
    found = s.coordinator.guard.exceptions.get(id)
    return _of_lot(s, found.lot) if found else []


def _of_component(s: Services, component: str) -> Iterable[Lot]:
    """Whoever holds a room of the domain just now: to open it is their business, and of nobody whose lot is not among them."""
    venue = s.coordinator.venue
    rooms = set(venue.components.get(ComponentId(component), ()))
    return [state.lot for state in live(s.coordinator.day) if rooms & set(held_rooms(venue, state))]


def _of_door(s: Services, door: str) -> Iterable[Lot]:
    found = s.coordinator.venue.doors.get(DoorId(door))
    component = s.coordinator.venue.component_of.get(found.inside) if found else None
    return _of_component(s, component) if component else []


def _of_device(s: Services, device: str) -> Iterable[Lot]:
    """Whoever holds the room of a device just now."""
    found = s.coordinator.venue.devices.get(DeviceId(device))
    rooms = {shown_room(s.coordinator.venue, found)} if found else set()
    return [state.lot for state in live(s.coordinator.day) if rooms & set(held_rooms(s.coordinator.venue, state))]


# In this order: a path that names a lot and a person is about that person in that lot.
FINDERS: Mapping[str, Callable[[Services, str], Iterable[Lot]]] = {
    "lot": _of_lot, "project": _of_project, "run": _of_run, "sha256": _of_segment, "person": _of_person, "alarm": _of_alarm,
    "exception": _of_exception, "component": _of_component, "door": _of_door,
    "device": _of_device,
}  # fmt: skip
