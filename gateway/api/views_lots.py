"""Venue, lots and scenes: what staff do."""

import asyncio
import time
from typing import Any

from fastapi import APIRouter, Request, Response

from gateway.api import models as m
from gateway.api.entry import need_also
from gateway.api.errors import ApiError, not_found
from gateway.api.services import Services, services
from gateway.core.apart import admitted
from gateway.core.day import OVER, LotState, Refusal, parts
from gateway.core.plan import PlannedMember
from gateway.core.presence.leaving import still_inside
from gateway.core.rights import Action
from gateway.shell.coordinator import clock
from gateway.shell.view import named, venue_out
from venue_model.door_policy import Approval
from venue_model.groups import ROLE_NAMES
from venue_model.ids import ComponentId, DoorId, LotId, PersonKey, RunId
from venue_model.scenes import SHARED_PARTS
from venue_model.venue import Venue
from venue_model.zones import Zone

router = APIRouter(prefix="/api/v1")
ANSWER_S, LOOK_S = 0.15, 0.01  # how long a press waits for the devices before it is answered
LOOK_BACK = 5_000  # journal lines


@router.get("/venue")
async def get_venue(request: Request) -> m.VenueOut:
    """Everything static."""
    s = services(request)
    s.accounts.need(request)
    return venue_out(s.coordinator.venue)


@router.get("/state")
async def get_state(request: Request) -> m.StateOut:
    """The venue now."""
    s = services(request)
    account = s.accounts.need(request)
    return s.view.state(s.feed.seq, clock(), account.viewer)


@router.get("/events")
async def get_events(
    request: Request, project: str = "", lot: str = "", room: str = "", kind: str = "", limit: int = 200
) -> list[m.EventOut]:
    """The newest journal lines that fit, oldest first."""
    s = services(request)
    account = s.accounts.need(request)
    wanted = {"project": project, "lot": lot, "room": room, "kind": kind}
    used = {name: value for name, value in wanted.items() if value}
    where = " AND ".join(f"{name} = ?" for name in used) or "1"
    wanted_lines = max(1, min(limit, 1000))
    # Whoever may not see every line still gets the newest ones that they may see, as far back as is worth the search.
    looked = wanted_lines if account.viewer.limit.is_none else LOOK_BACK
    lines = s.coordinator.store.journal(where, tuple(used.values()), looked, newest=True)
    seen = [line for line in lines if account.viewer.sees_line(line, s.coordinator.day)]
    return [m.EventOut.model_validate(line) for line in seen[-wanted_lines:]]


def _lot(s: Services, lot: str) -> m.LotOut:
    found = s.view.lot(LotId(lot))
    if found is None:
        raise not_found(f"没有标段 {lot}", f"there is no lot {lot}")
    return found


@router.get("/lots/{lot}")
async def get_lot(request: Request, lot: str) -> m.LotOut:
    """One lot."""
    s = services(request)
    s.accounts.need(request)
    return _lot(s, lot)


@router.get("/lots/{lot}/preview")
async def preview(request: Request, lot: str, scene: str) -> m.PreviewOut:
    """What pressing a scene would do.  Nothing changes."""
    s = services(request)
    s.accounts.need(request)
    _lot(s, lot)
    planned = s.coordinator.scenes.preview(LotId(lot), scene, clock().utc_ns)
    if isinstance(planned, Refusal):
        return m.PreviewOut(scene=scene, allowed=False, why_not=named(planned.why), members=[], doors=[], approvals=[])
    warden = s.coordinator.warden
    venue = s.coordinator.venue
    needed = s.coordinator.seals_lifted_by(LotId(lot), scene)
    ends = planned.scene.leads_to in OVER
    inside = still_inside(s.coordinator.presence.leaving(planned.after[LotId(lot)].lot)) if ends else None
    return m.PreviewOut(
        scene=scene,
        allowed=True,
        why_not=None,
        members=[_member(member) for member in planned.members],
        doors=_doors_in_words(venue, planned.after[LotId(lot)]),
        approvals=[
            m.CommandToApprove(
                component=component,
                text=warden.release_text(component),
                name=m.NameOut(
                    zh="解除封闭:" + "、".join(venue.rooms[r].name.zh for r in venue.components[component]),
                    en="lift the seal of " + ", ".join(venue.rooms[r].name.en for r in venue.components[component]),
                ),
            )
            for component in needed
        ],
        warning=named(inside) if inside else None,
    )


def _member(member: PlannedMember) -> m.MemberOut:
    return m.MemberOut(
        id=member.id, kind=member.kind, room=member.room, stage=member.stage, required=member.required, code=0, text="", attempts=0,
        latency_ms=None, on_fail=member.on_fail,
    )  # fmt: skip


def _doors_in_words(venue: Venue, state: LotState) -> list[m.NameOut]:
    """Who may enter the lot's own rooms, as sentences."""
    words = []
    for part, room_id in parts(venue, state):
        wish, room = state.wish(part), venue.rooms[room_id]
        if part in SHARED_PARTS or (room.zone is Zone.INQUIRY and not wish.in_use):
            continue
        groups = admitted(venue, room_id, wish.mode) if not wish.seal else ()
        who_zh = "、".join(ROLE_NAMES[g][0] for g in groups) or "任何人不得进入"
        who_en = ", ".join(ROLE_NAMES[g][1] for g in groups) or "nobody enters"
        sealed = (" · 封闭", " · sealed") if wish.seal else ("", "")
        words.append(m.NameOut(zh=f"{room.name.zh}:{who_zh}{sealed[0]}", en=f"{room.name.en}: {who_en}{sealed[1]}"))
    return words


@router.post("/lots/{lot}/scenes", status_code=202, response_model=m.RunOut)
async def press(request: Request, lot: str, body: m.SceneIn) -> Response:
    """Press a scene.  The answer is the run as it stands a moment later; its rows arrive by the live feed."""
    s = services(request)
    account = s.accounts.need(request, "staff")
    _lot(s, lot)
    if body.approvals:  # it would lift a seal, which is as dangerous here as on the page of approvals
        need_also(request, Action.APPROVE)
    approvals: dict[ComponentId, tuple[Approval, ...]] = {}
    for given in body.approvals:
        component = ComponentId(given.component)
        approvals[component] = (*approvals.get(component, ()), Approval(given.approver, given.signature))
    run = s.coordinator.press(LotId(lot), body.scene, account.id, approvals, clock())
    if isinstance(run, Refusal):
        raise ApiError(409, run.code, run.why.zh, run.why.en)
    # Devices first: to tell a thousand rows takes a fifth of the time in which they answer.
    waited_until_s = time.monotonic() + ANSWER_S
    while s.coordinator.scenes.is_open(run.id) and time.monotonic() < waited_until_s:
        await asyncio.sleep(LOOK_S)
    return _told(s.view.run(s.coordinator.scenes.run(run.id) or run), 202)


@router.get("/runs/{run}", response_model=m.RunOut)
async def get_run(request: Request, run: str) -> Response:
    """One scene run."""
    s = services(request)
    s.accounts.need(request)
    found = s.coordinator.scenes.run(RunId(run))
    if found is None:
        raise not_found(f"没有场景运行 {run}", f"there is no scene run {run}")
    return _told(s.view.run(found))


def _told(run: m.RunOut, status: int = 200) -> Response:
    """A run as it is sent: checked once when it was made, because a thousand members take longer to check again than to tell."""
    return Response(run.model_dump_json(), status, media_type="application/json")


@router.post("/lots/{lot}/people/{person}/authorise", status_code=204)
async def authorise(request: Request, lot: str, person: str) -> None:
    """Open a person's entry window anew (I3): staff have looked at them."""
    s = services(request)
    account = s.accounts.need(request, "staff")
    _lot(s, lot)
    if not s.coordinator.authorise(LotId(lot), PersonKey(person), account.id, clock()):
        raise not_found(f"标段 {lot} 的名单中没有 {person}", f"{person} is not on the roster of lot {lot}")


@router.post("/alarms/{alarm}/acknowledge", status_code=204)
async def acknowledge(request: Request, alarm: str) -> None:
    """Somebody has seen to an alarm: it leaves the pages and stays in the journal."""
    s = services(request)
    account = s.accounts.need(request, "staff", "supervisor", "witness")
    if s.view.alarm(alarm) is None or not s.view.shows(alarm, account.viewer):
        raise not_found(f"没有告警 {alarm}", f"there is no alarm {alarm}")
    body: dict[str, Any] = {"id": alarm, "by": account.id}
    if meant := s.view.audience_of(alarm):
        body["audience"] = list(meant)
    s.coordinator.journal.note("alarm_ack", body, clock())


@router.post("/doors/{door}/pulse", status_code=202)
async def pulse(request: Request, door: str) -> None:
    """Open one door once, for somebody who stands before staff.  Its board refuses where nobody may enter."""
    s = services(request)
    account = s.accounts.need(request, "staff")
    refused = s.coordinator.pulse(DoorId(door), account.id, clock())
    if refused is not None:
        raise ApiError(404 if refused.code == "unknown-door" else 409, refused.code, refused.why.zh, refused.why.en)
