"""The doors' side of the coordinator: compiles access, clears domains step by step, signs and sends policies.

The decisions are `core.access` and `core.clearing`; here they are stored first and sent after.
"""

import logging
from collections.abc import Callable, Iterable

from gateway.core.access import Access, Memo, known_passes, wanted_access
from gateway.core.clearing import (
    Domain,
    DoorStand,
    Target,
    Waiting,
    Waits,
    advance,
    approve,
    occupancy,
    proven_empty,
    reported,
    restored,
    sweep_act,
    walked_in,
)
from gateway.core.day import Day
from gateway.core.exception_pass import ExceptionPass
from gateway.core.presence.doors import Memo as ToldMemo
from gateway.core.presence.doors import asks, told
from gateway.core.presence.state import Presence
from gateway.shell.agents import Agent, AgentBook
from gateway.shell.store import Store
from venue_model import signing
from venue_model.door_policy import Approval, Approved, ComponentPolicy, Elsewhere, PolicyBody
from venue_model.groups import Role
from venue_model.ids import BoardId, ComponentId, DoorId
from venue_model.moments import Now, S
from venue_model.signed import approval_bytes, lease_bytes, policy_bytes, policy_digest
from venue_model.venue import DeviceKind, Name, Venue
from venue_model.wire import Command, DoorReport, SignedPolicy

log = logging.getLogger(__name__)
RENEWALS_A_LEASE = 3
Content = tuple[int, tuple[ComponentPolicy, ...], tuple[Elsewhere, ...]]  # what a policy says to one session of a board


class ApprovalError(ValueError):
    """An approval that does not count.  The text says which and why."""


class Warden:
    """Keeps every separation domain at what the day asks, CLEAR-first."""

    def __init__(self, venue: Venue, store: Store, agents: AgentBook, policy_key: bytes, changed: Callable[[ComponentId], None]) -> None:
        self.venue = venue
        self.store = store
        self.agents = agents
        self.policy_key = policy_key
        self.changed = changed  # told of every domain whose state or wait has changed
        self.salt = store.salt()
        known = store.domains()
        self.domains = {c: known.get(c, Domain(c)) for c in venue.components}
        self.doors = {c: tuple(door.id for door in venue.doors_of(c)) for c in venue.components}
        self.drained = _drained(venue)
        self.waiting: dict[ComponentId, Waiting | None] = dict.fromkeys(venue.components)
        self.access: dict[ComponentId, Access] = {}
        self.exceptions: Callable[[Now], tuple[ExceptionPass, ...]] = lambda now: ()  # those whose time it is
        self.lockdown: frozenset[ComponentId] = frozenset()
        self._memo = Memo()  # doors report far more often than the day changes
        self.components_of = {board: self._components_of(board) for board in venue.boards}
        self._entered_by = {board: self._entered_from(board) for board in venue.boards}
        self.asks = {(board, c): asks(venue, board, c) for board, components in self.components_of.items() for c in components}
        self._told = {place: ToldMemo() for place in self.asks}
        self.presence: Callable[[], Presence] = Presence  # asked where a door needs to know what other boards' doors saw
        # Told after the commit and before policies leave: how many were ever signed, and in what term the newest.
        self.signed: Callable[[int, int], None] = lambda count, term: None
        # Told when a door knows more than this database.
        self.outrun: Callable[[ComponentId, DoorId, Now], None] = lambda component, door, now: None
        # The policies as they were made last, and of what: they are compared with what was sent after every report of a door.
        self._made: dict[tuple[BoardId, ComponentId], tuple[Domain, Access | None, Presence, ComponentPolicy]] = {}
        # Where each domain came to rest, and at what access: `advance` is a function of the two, so the same two move it no further.
        self._rest: dict[ComponentId, tuple[Domain, Access]] = {}
        self._holding: dict[ComponentId, tuple[Domain, bool]] = {}  # whether somebody may be in a domain, and as it was then
        self._sent: dict[BoardId, Content] = {}  # content of the last policy, so that nothing is sent twice for nothing …
        self._digests: dict[BoardId, str] = {}  # … and by what name the board says that it holds it
        self._renewed_mono_ns = 0

    def _entered_from(self, board: BoardId) -> frozenset[ComponentId]:
        """The domains whose passes a board reads: those that its doors lead into, or where its lockers stand.

        Of the others that its doors border it needs mode, seal and epoch; who is authorised there is none of its business, and a
        corridor's passes change with every expert of the day.
        """
        of = self.venue.component_of
        rooms = [d.inside for d in self.venue.doors_of_board(board)]
        rooms += [d.room for d in self.venue.devices_of_board(board) if d.kind is DeviceKind.READER and d.door is None]
        return frozenset(of[room] for room in rooms if room in of)

    def _components_of(self, board: BoardId) -> tuple[ComponentId, ...]:
        """The domains that a board's doors border, and those whose passes its locker reader must know."""
        of = self.venue.component_of
        rooms = [r for d in self.venue.doors_of_board(board) for r in (d.outside, d.inside)]
        rooms += [d.room for d in self.venue.devices_of_board(board) if d.kind is DeviceKind.READER and d.door is None]
        return tuple(sorted({of[room] for room in rooms if room in of}))

    def pursue(self, day: Day, now: Now) -> None:
        """Bring every domain one step closer to what the day asks, and send what has changed."""
        self.access = wanted_access(
            self.venue, day, self.store.authorisations(), self.salt, self.exceptions(now), self.lockdown, self.inside(), self._memo
        )
        moved = self._walked_in()
        for component, access in self.access.items():
            before, waited = self.domains[component], self.waiting[component]
            rest = self._rest.get(component)
            if rest is not None and rest[0] is before and rest[1] is access:
                continue
            target = Target(access.mode, access.groups, access.seal)
            domain, waiting = advance(before, target, self.doors[component], self.venue.profile.separated)
            if domain != before:
                moved.append(domain)
            else:
                self._rest[component] = domain, access
            self.domains[component], self.waiting[component] = domain, waiting
            if domain != before or waiting != waited:
                self.changed(component)
        if moved:
            with self.store.transaction():
                for domain in moved:
                    self.store.save_domain(domain)
                signed = self.store.count_signed(len(moved))
            term = max(domain.term for domain in self.domains.values())
            self.agents.link.then(lambda: self.signed(signed, term))
        self.send(day, self.venue.boards, now)

    def _walked_in(self) -> list[Domain]:
        """Leaving is free, also into another guarded domain: whoever is counted there may be of any group that was let in next door.

        Next door's own residual groups are still known at this moment: it cannot be proven empty before it has reported who left.
        """
        found = []
        for component, sources in self.drained.items():
            before = self.domains[component]
            after = walked_in(before, self.doors[component], {role for source in sources for role in self.domains[source].residual})
            if after is not before:
                self.domains[component] = after
                found.append(after)
        return found

    def inside(self) -> dict[ComponentId, tuple[Role, ...]]:
        """The groups that may be in a domain by the doors' counts, whatever the day says."""
        return {c: domain.residual for c, domain in self.domains.items() if self._may_hold_somebody(c)}

    def _may_hold_somebody(self, component: ComponentId) -> bool:
        """True unless nobody was ever let in, or the doors have proven the domain empty since."""
        domain = self.domains[component]
        known = self._holding.get(component)
        if known is not None and known[0] is domain:  # a domain is a value: a report or an approval puts another in its place
            return known[1]
        found = bool(domain.residual) and not proven_empty(domain, self.doors[component])
        self._holding[component] = domain, found
        return found

    def take_report(self, door: DoorId, report: DoorReport, now: Now) -> bool:
        """Take a door's report; True when a domain learned something.

        A door that holds more than was ever signed here tells that an older copy of the database was put in its place without
        the mark of a backup: then a new term begins, as after a restore.
        """
        learned = False
        for component, part in report.components.items():
            if component not in self.domains or door not in self.doors[component]:
                continue
            before = self.domains[component]
            if (part.term, part.epoch) > (before.term, before.epoch):
                self.outrun(component, door, now)
                before = restored(before, max(part.term, now.utc_ns // S))
            after = reported(before, door, DoorStand(part.term, part.epoch, part.net, part.settled, report.suspect))
            if after is not self.domains[component]:
                self.domains[component] = after
                self.store.save_domain(after)
                self.changed(component)
                learned = True
        return learned

    def send(self, day: Day, boards: Iterable[BoardId], now: Now, *, renew: bool = False, by_name: bool = False) -> None:
        """Sign and send the policies of boards that are there; without `renew` only those whose content has changed.

        `by_name`: a board that has said that it holds the policy gets a few hundred bytes that name it, not the policy again.
        """
        elsewhere = known_passes(day, self.salt, self._memo)
        news: list[tuple[Agent, Content, bool]] = []
        for board in boards:
            agent = self.agents[board]
            if self.components_of[board] and agent.online:
                policies = tuple(self._policy(board, component) for component in self.components_of[board])
                content = (agent.session, policies, elsewhere)
                known = self._sent.get(board) == content
                if renew or not known:
                    news.append((agent, content, known))
        if not news:
            return
        due: list[tuple[PolicyBody, Content]] = []
        leases: list[tuple[BoardId, int]] = []
        with self.store.transaction():  # one for all boards, and before the first policy leaves
            for agent, content, known in news:
                agent.renewal += 1
                self.agents.save(agent)
                if by_name and known and agent.reported is not None and agent.reported.policy == self._digests[agent.id]:
                    leases.append((agent.id, agent.renewal))
                    continue
                body = PolicyBody(
                    self.venue.id, agent.id, agent.session, agent.renewal, now.utc_ns, self.venue.lease_s, self.salt.hex(), content[1],
                    elsewhere,
                )  # fmt: skip
                due.append((body, content))
        for board, renewal in leases:
            self._renew_lease(board, renewal, now)
        for body, said in due:
            self._sent[body.agent] = said
            self._digests[body.agent] = policy_digest(body)
            signature = signing.sign(self.policy_key, policy_bytes(body))
            self.agents.send(body.agent, "policy", SignedPolicy(body, signature.hex()), retain=True)

    def _renew_lease(self, board: BoardId, renewal: int, now: Now) -> None:
        session, lease_s, policy = self.agents[board].session, self.venue.lease_s, self._digests[board]
        signature = signing.sign(self.policy_key, lease_bytes(board, session, renewal, now.utc_ns, lease_s, policy)).hex()
        body = {"session": session, "renewal": renewal, "lease_s": lease_s, "policy": policy}
        self.agents.send(board, "command", Command(f"lease-{renewal}", "lease", now.utc_ns, lease_s * 1_000, body, signature), retain=False)

    def renew(self, day: Day, now: Now) -> None:
        """Renew all leases when a third of one has passed: two renewals may be lost before a door closes."""
        if now.mono_ns - self._renewed_mono_ns >= self.venue.lease_s * S // RENEWALS_A_LEASE:
            self._renewed_mono_ns = now.mono_ns
            self.send(day, self.venue.boards, now, renew=True, by_name=True)

    def _policy(self, board: BoardId, component: ComponentId) -> ComponentPolicy:
        domain, wanted = self.domains[component], self.asks[board, component]
        access, presence = self.access.get(component), self.presence()
        made = self._made.get((board, component))
        if made is not None and made[0] is domain and made[1] is access and (made[2] is presence or not (wanted.moves or wanted.spent)):
            return made[3]
        reads = component in self._entered_by[board]
        passes = told(presence, access.passes, component, wanted, self._told[board, component]) if access and reads else ()
        others = [door for door in self.doors[component] if self.venue.doors[door].board != board] if wanted.others else []
        policy = ComponentPolicy(
            component, domain.term, domain.epoch, domain.mode, domain.groups, domain.seal, passes, domain.approved, wanted.limit,
            occupancy(domain, others),
        )  # fmt: skip
        self._made[board, component] = domain, access, presence, policy
        return policy

    def occupancy(self, component: ComponentId) -> int:
        """Net count of people inside."""
        return occupancy(self.domains[component], self.doors[component])

    def release_text(self, component: ComponentId) -> str:
        """The exact text that two people must sign to lift the seal of a domain."""
        return self.act_text(component, "release")

    def act_text(self, component: ComponentId, act: str) -> str:
        """The exact text that two people must sign for an act on a domain as it is now."""
        return self._command(component, act).decode()

    def _command(self, component: ComponentId, act: str) -> bytes:
        domain = self.domains[component]
        return approval_bytes(self.venue.id, component, domain.term, act, _epoch_of(domain, act))

    def acts(self, component: ComponentId) -> tuple[str, ...]:
        """The acts that would bring a waiting domain on, if two people signed them now."""
        waiting = self.waiting[component]
        what = waiting.what if waiting else None
        if what in (Waits.RELEASE, Waits.OPEN):
            return (what.value,)
        if what in (Waits.EMPTY, Waits.SWEEP) or (what is None and self._may_hold_somebody(component)):
            act = sweep_act(self.domains[component], self.doors[component])
            return (act,) if act else ()
        return ()

    def approve(self, component: ComponentId, act: str, approvals: tuple[Approval, ...]) -> None:
        """Record a two-person approval.  Raises ApprovalError, and changes nothing, unless two people of two roles signed it."""
        domain = self.domains[component]
        message = self._command(component, act)
        known = {a.id: a for a in self.venue.approvers}
        roles = set()
        for approval in approvals:
            approver = known.get(approval.approver)
            if approver is None:
                raise ApprovalError(f"{approval.approver} is no approver of this venue; approvers: {', '.join(sorted(known))}")
            if not signing.verifies(bytes.fromhex(approver.public_key), message, _hex(approval.signature)):
                raise ApprovalError(f"the signature of {approval.approver} does not fit this command; sign the text shown now")
            roles.add(approver.role)
        if len({a.approver for a in approvals}) < 2 or len(roles) < 2:
            raise ApprovalError("two people of two different roles must sign")
        self.domains[component] = approve(domain, Approved(act, _epoch_of(domain, act), approvals))
        self.store.save_domain(self.domains[component])


def _drained(venue: Venue) -> dict[ComponentId, tuple[ComponentId, ...]]:
    """Domain → the domains from which people may walk into it by exits alone, one after the other."""
    reached: dict[ComponentId, set[ComponentId]] = {component: set() for component in venue.components}
    for component in venue.components:
        todo = list(venue.ways_out[component])
        while todo:
            if (here := todo.pop()) not in reached[component]:
                reached[component].add(here)
                todo += venue.ways_out[here]
    into = {c: tuple(s for s in venue.components if c in reached[s] and s != c) for c in venue.components}
    return {component: sources for component, sources in into.items() if sources}


def _epoch_of(domain: Domain, act: str) -> int:
    return domain.seal_epoch if act == "release" else domain.epoch


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def act_words(act: str, component: ComponentId, venue: Venue) -> Name:
    """An act that two people sign, in words."""
    rooms = [venue.rooms[room].name for room in venue.components[component]]
    zh, en = "、".join(name.zh for name in rooms), ", ".join(name.en for name in rooms)
    match act.partition(" ")[0]:
        case "release":
            return Name(f"解除封闭:{zh}", f"lift the seal of {en}")
        case "open":
            return Name(f"向互斥人员开放:{zh}", f"admit a separated group to {en}")
        case _:
            return Name(f"已清点,无人:{zh}", f"we have looked: nobody is inside {en}")


def waiting_words(waiting: Waiting, venue: Venue) -> Name:
    """A wait in words for staff."""
    doors = [venue.doors[door].name for door in waiting.doors]
    match waiting.what:
        case Waits.DOORS:
            return Name("等待门关闭并应答:" + "、".join(d.zh for d in doors), "waiting for doors: " + ", ".join(d.en for d in doors))
        case Waits.EMPTY:
            return Name(f"室内还有 {waiting.people} 人", f"{waiting.people} still inside")
        case Waits.SWEEP:
            return Name("计数存疑,需两人清点确认无人", "the count may be wrong: two people must look and sign that nobody is inside")
        case Waits.RELEASE:
            return Name("解封需两人审批", "two approvals needed to lift the seal")
        case Waits.OPEN:
            return Name("向互斥人员开放需两人审批", "two approvals needed to admit a separated group")
