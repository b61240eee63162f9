"""May these people come in by this door now?  The pure decision, given what this board knows, and what only this board knows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from edge.core import interlock, locker, presence
from edge.core.ledger import Grant, How
from edge.core.state import State, Visit
from venue_model.commissioning import DoorRecord
from venue_model.door_policy import Admit, Pass, Refuse, Seen, Standing, Verdict, decide_entry, decide_together
from venue_model.groups import Role, separated_pairs
from venue_model.ids import ComponentId, PersonKey
from venue_model.moments import Now
from venue_model.profiles import DoorMode
from venue_model.rules import RULES


def admit(
    state: State, record: DoorRecord, component: ComponentId, digests: Sequence[str], now: Now, company: Sequence[Pass] = ()
) -> dict[str, Verdict]:
    """The verdicts on the holders of `digests`, who stand at this door; `company` was let in by it just now.

    `decide_entry` comes first; after it, in this order: I4 (left a sealed room), DOOR, INTERLOCK, RECORD.
    """
    held = state.held.get(component)
    passes = held.policy.by_digest if held else {}
    common = Standing(
        held.policy if held else None,
        state.leases.get(component),
        state.fire,
        lockers=locker.bound_people(state.lockers),
        inside=presence.inside(state, component),
        coming=presence.coming(state, component, {(record.id, digest) for digest in digests}),
    )
    commission, entrance = state.site.commission, state.site.entrances[record.id]

    def decide(digest: str, others: Sequence[str], before: int) -> Verdict:
        entry = passes.get(digest)
        standing = replace(
            common,
            entered=frozenset({digest}) if entry and _still(state.entered.get(component, {}), entry) else frozenset(),
            seen=state.seen.get(entry.person, Seen()) if entry else Seen(),
            coming=common.coming + before,
            company=(*company, *(passes[other] for other in others if other in passes)),
        )
        verdict = decide_entry(
            standing, commission.zones[component], digest, state.day.elsewhere, commission.entry_window_s, now, entrance
        )
        if isinstance(verdict, Refuse):
            return verdict
        return _refuse_here(state, record, component, verdict.entry) or verdict

    return decide_together(digests, decide)


def not_any_more(state: State, record: DoorRecord, grants: Sequence[Grant], now: Now) -> Mapping[str, str]:
    """Of those who are let in by this door and have not gone yet: whose grant would not be given now, and by which rule."""
    if record.inside is None:
        return {}
    pulses = [grant for grant in grants if grant.how is How.PULSE]
    refused = {grant.credential: verdict.rule for grant in pulses if (verdict := refuse_staff(state, record, now, grant))}
    digests = [grant.credential for grant in grants if grant not in pulses]
    gone_ahead = [entry for grant in grants if (entry := _inside_already(state, record.inside, grant.beside))]
    verdicts = admit(state, record, record.inside, digests, now, gone_ahead) if digests else {}
    return refused | {digest: verdict.rule for digest, verdict in verdicts.items() if not isinstance(verdict, Admit)}


def refuse_staff(state: State, record: DoorRecord, now: Now, given: Grant | None = None) -> Refuse | None:
    """Why staff may not be let in by command now, or None.  `given`: the grant in question, when it is given already."""
    if state.fire:
        return plainly("FIRE")
    if not state.doors[record.id].online:
        return plainly("DOOR")
    if not state.recordable:
        return plainly("RECORD")
    if interlock.held_by(state, record) is not None:
        return plainly("INTERLOCK")
    if record.inside is None:
        return None
    held, lease = state.held.get(record.inside), state.leases.get(record.inside)
    if held is None or lease is None or now.mono_ns >= lease:
        return plainly("LEASE")
    policy = held.policy
    if policy.seal:
        return plainly("I8")
    if policy.mode is DoorMode.LOCKDOWN:
        return plainly("LOCKDOWN")
    if not policy.groups:  # whatever its mode: the gateway counts on it that nobody enters
        return plainly("CLEAR")
    if separated_pairs((Role.STF, *policy.groups), state.site.separated):
        return plainly("PHASE")
    if record.inside == record.outside:
        return None
    there = presence.occupancy(state, record.inside)
    coming = presence.coming(state, record.inside, {(record.id, given.credential)} if given else ())
    if policy.limit is not None and there + coming >= policy.limit:
        return plainly("FULL")
    if record.two_person and there <= 0:
        return plainly("PAIR")
    return None


def plainly(rule: str) -> Refuse:
    """A refusal of nobody in particular."""
    return Refuse(rule, RULES[rule].because)


def _refuse_here(state: State, record: DoorRecord, component: ComponentId, entry: Pass) -> Refuse | None:
    def refuse(rule: str, because: str) -> Refuse:
        return Refuse(rule, because, entry.person, entry.group, entry.lot)

    if _still(state.barred.get(component, {}), entry):
        return refuse("I4", "left while the room was sealed, and has not been authorised since")
    if not state.doors[record.id].online:
        return refuse("DOOR", "the board of this door's lines does not answer: nobody can be let in")
    if (partner := interlock.held_by(state, record)) is not None:
        return refuse("INTERLOCK", f"{RULES['INTERLOCK'].because}: {partner}")
    if not state.recordable:
        return refuse("RECORD", RULES["RECORD"].because)
    return None


def _inside_already(state: State, component: ComponentId, person: PersonKey | None) -> Pass | None:
    """The pass of somebody who was let in and has gone ahead."""
    if person is None or state.seen.get(person, Seen()).inside != component:
        return None
    return next((entry for entry in state.held[component].policy.passes if entry.person == person), None)


def _still(visits: Mapping[PersonKey, Visit], entry: Pass) -> bool:
    """True when the person was here and has not been authorised anew.  Both times are the gateway's: no clock is compared."""
    visit = visits.get(entry.person)
    return visit is not None and (entry.authorised_utc_ns or 0) <= visit.authorised_utc_ns
