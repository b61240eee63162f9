"""Who is where, who is missing, who went which way.  Looking at one person's way is recorded like any reading of evidence."""

from collections.abc import Iterable

from fastapi import APIRouter, Request

from gateway.api import models as m
from gateway.api.errors import ApiError, not_found
from gateway.api.services import Services, services
from gateway.core.presence.fire import Fire
from gateway.core.presence.leaving import still_inside
from gateway.core.presence.trajectory import Step
from gateway.core.presence.watch import needs_checkout
from gateway.core.presence.whereabouts import Whereabouts
from gateway.core.rights import Account, lot_within, person_within, within
from gateway.shell.presence_desk import day_span, local_day
from gateway.shell.view import named
from venue_model.ids import ComponentId, DeviceId, DoorId, LotId, PersonKey
from venue_model.rules import RULES
from venue_model.venue import Name, Venue

router = APIRouter(prefix="/api/v1")
OUTSIDE = Name("室外", "outside")


@router.get("/muster")
async def get_muster(request: Request) -> m.MusterOut:
    """Who is where, by domain; after a fire, who was inside and has not been seen outside."""
    s = services(request)
    account = s.accounts.need(request, "staff", "supervisor", "witness")
    desk, venue = s.coordinator.presence, s.coordinator.venue
    now = s.coordinator.clock()

    def own(people: Iterable[Whereabouts]) -> list[m.WhereaboutsOut]:
        return [_where(s, who) for who in people if _known_to(s, account, who)]

    fire = desk.fire(now)
    return m.MusterOut(
        utc_ns=now.utc_ns,
        domains=[
            m.MusterDomainOut(
                component=row.component, name=_place(venue, row.component), net=row.net,
                suspect=_doors(venue, row.suspect), silent=_doors(venue, row.silent), people=own(row.people),
            )
            for row in desk.muster()
        ],
        counted_out=own(desk.counted_out(now)),
        misplaced=own(desk.misplaced()),
        fire=_fire(s, account, fire) if fire else None,
    )  # fmt: skip


def _known_to(s: Services, account: Account, who: Whereabouts) -> bool:
    """A limited account knows of the people of its own lots alone; the counts of domains are the house's."""
    day = s.coordinator.day
    return lot_within(account.limit, who.lot, day) if who.lot else person_within(account.limit, who.person, day)


@router.post("/muster/{person}", status_code=204)
async def tick_off(request: Request, person: str, body: m.MusterIn) -> None:
    """Somebody has seen this person outside, or takes that back."""
    s = services(request)
    account = s.accounts.need(request, "staff", "supervisor", "witness")
    if not s.coordinator.tick_off(PersonKey(person), body.outside, account.id, s.coordinator.clock()):
        raise not_found(f"没有任何门见过 {person}", f"no door ever saw {person}")


@router.post("/lots/{lot}/checkout/{person}", status_code=204)
async def check_out(request: Request, lot: str, person: str) -> None:
    """Staff confirm that a person may leave the opening area (I15).  No door waits for it."""
    s = services(request)
    account = s.accounts.need(request, "staff")
    if not s.coordinator.check_out(LotId(lot), PersonKey(person), account.id, s.coordinator.clock()):
        raise not_found(f"标段 {lot} 的名单中没有 {person}", f"{person} is not on the roster of lot {lot}")


@router.get("/lots/{lot}/leaving")
async def get_leaving(request: Request, lot: str) -> m.LeavingOut:
    """Who of a lot may still be inside, and whose phone still lies in a locker."""
    s = services(request)
    s.accounts.need(request, "staff", "supervisor", "witness")
    state = s.coordinator.day.get(LotId(lot))
    if state is None:
        raise not_found(f"没有标段 {lot}", f"there is no lot {lot}")
    venue, found = s.coordinator.venue, s.coordinator.presence.leaving(state.lot)
    rooms = [room for room in (state.lot.opening_room, state.lot.evaluation_room) if room is not None]
    warning = still_inside(found)
    return m.LeavingOut(
        lot=lot,
        inside=[_where(s, who) for who in found.inside],
        phones=[
            m.PhoneOut(locker=p.locker, name=_device(venue, p.locker), person=p.person, since_utc_ns=p.utc_ns) for p in found.phones
        ],
        counts={c: s.coordinator.warden.occupancy(c) for room in rooms if (c := venue.component_of.get(room))},
        warning=named(warning) if warning else None,
    )


@router.get("/people/{person}/trajectory")
async def get_trajectory(request: Request, person: str, day: str = "") -> m.TrajectoryOut:
    """One person's way through a day (today when none is named): doors in order, refusals, rooms with times, and the footage."""
    s = services(request)
    account = s.accounts.need(request, "supervisor", "witness")
    now = s.coordinator.clock()
    day = day or local_day(now.utc_ns)
    try:
        day_span(day)
    except ValueError:
        raise ApiError(422, "bad-input", f"{day} 不是日期,应如 2026-11-22", f"{day} is no day; write it as 2026-11-22") from None
    key = PersonKey(person)
    lots = [state for state in s.coordinator.day.values() if within(account.limit, state.lot)]
    steps = s.coordinator.presence.trajectory(key, day)
    if not account.limit.is_none:  # what the person did for lots of others is not told
        steps = [step for step in steps if step.lot and lot_within(account.limit, step.lot, s.coordinator.day)]
    parts = [(state.lot, p) for state in lots for p in state.lot.people if p.person == key]
    if not steps and not parts:
        raise not_found(f"{day} 没有 {person} 的记录", f"nothing is known of {person} on {day}")
    named_lots = sorted({lot.id for lot, _ in parts} | {LotId(step.lot) for step in steps if step.lot})
    projects = sorted({state.lot.project for state in lots if state.lot.id in named_lots})
    for project in [str(project) for project in projects] or [str(s.coordinator.venue.id)]:
        s.evidence.read(project, account.id, account.role, f"trajectory {person} {day}", now)
    where = s.coordinator.presence.everybody().get(key)
    role = where.group if where else None
    return m.TrajectoryOut(
        person=person, role=role or next((p.role for _, p in parts), None), lots=list(named_lots), day=day,
        now=_where(s, where) if where and day == local_day(now.utc_ns) else None, steps=[_step(s, account, step) for step in steps],
    )  # fmt: skip


def _fire(s: Services, account: Account, fire: Fire) -> m.FireOut:
    venue = s.coordinator.venue
    return m.FireOut(
        from_utc_ns=fire.from_utc_ns, until_utc_ns=fire.until_utc_ns, devices=[_device(venue, d) for d in fire.devices],
        people=[
            m.AccountedOut(was=_where(s, a.was), place=_place(venue, a.was.component), safe=a.safe, safe_utc_ns=a.safe_utc_ns)
            for a in s.coordinator.presence.roll(fire)
            if _known_to(s, account, a.was)
        ],
    )  # fmt: skip


def _where(s: Services, who: Whereabouts) -> m.WhereaboutsOut:
    desk = s.coordinator.presence
    confirmed = who.lot is not None and any(utc >= who.since_utc_ns for utc in desk.confirmed.get((who.lot, who.person), ()))
    return m.WhereaboutsOut(
        person=who.person, role=who.group, lot=who.lot, component=who.component, sure=who.sure, since_utc_ns=who.since_utc_ns,
        door=who.door, needs_checkout=not confirmed and needs_checkout(s.coordinator.venue, who.component, who.group),
    )  # fmt: skip


def _step(s: Services, account: Account, step: Step) -> m.StepOut:
    venue = s.coordinator.venue
    door = venue.doors.get(DoorId(step.door))
    rule = RULES.get(step.rule)
    origin, to = (venue.rooms.get(room) if room else None for room in (step.origin, step.to))
    return m.StepOut(
        utc_ns=step.utc_ns, kind=step.kind, door=named(door.name) if door else None,
        from_room=named(origin.name) if origin else None, to_room=named(to.name) if to else None,
        direction=step.direction, how=step.how, rule=step.rule, because=m.NameOut(zh=rule.zh, en=rule.en) if rule else None,
        lot=step.lot, stay_ns=step.stay_ns, certain=step.certain, agent=step.ref.agent if step.ref else None,
        seq=step.ref.seq if step.ref else None, footage=_footage(s, account, step),
    )  # fmt: skip


def _footage(s: Services, account: Account, step: Step) -> list[m.FootageOut]:
    """What the cameras on both sides of the door show of this moment."""
    if not step.certain:
        return []
    rooms = [room for room in (step.origin, step.to) if room]
    return [
        m.FootageOut(
            project=row.project, lot=row.lot, track=row.track, name=_device(s.coordinator.venue, row.track), seq=row.seq,
            offset_ns=step.utc_ns - row.from_utc_ns, url=f"/api/v1/media/{row.sha256}.mp4",
        )
        for room in rooms
        for row in s.index.around(room, step.utc_ns)
        if lot_within(account.limit, row.lot, s.coordinator.day)
    ]  # fmt: skip


def _place(venue: Venue, component: str) -> m.NameOut:
    """A domain by the names of its rooms."""
    rooms = [venue.rooms[room].name for room in venue.components.get(ComponentId(component), ())]
    if not rooms:
        return named(OUTSIDE)
    return m.NameOut(zh="、".join(name.zh for name in rooms), en=", ".join(name.en for name in rooms))


def _doors(venue: Venue, doors: Iterable[DoorId]) -> list[m.NameOut]:
    return [named(venue.doors[door].name) for door in doors]


def _device(venue: Venue, device: str) -> m.NameOut:
    found = venue.devices.get(DeviceId(device))
    return named(found.name if found else Name(device, device))
