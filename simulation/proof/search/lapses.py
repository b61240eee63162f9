"""The lapses that `mutants` are made of: each takes a real function of gateway or board and gives one that leaves a step out.

They are typed loosely on purpose: a lapse must fit its function whatever else others add to its arguments.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from edge.core.effects import SetLine
from gateway.core import clearing
from venue_model import signing
from venue_model.door_policy import Approved
from venue_model.profiles import DoorMode

Lapse = Callable[[Any], Any]  # of the real function, into what takes its place


def instead(value: Any) -> Lapse:
    return lambda real: lambda *args, **named: value


# the gateway


def without_clear(real: Any) -> Any:
    def advance(domain: Any, *rest: Any) -> Any:
        opened = replace(domain, mode=DoorMode.CLEAR, groups=()) if domain.groups else domain
        after, waiting = real(opened, *rest)
        return (domain if after is opened else after), waiting

    return advance


def heard_once(real: Any) -> Any:
    def unheard(domain: Any, doors: Any) -> Any:
        return tuple(d for d in doors if d not in domain.reports or not domain.reports[d].settled)

    return unheard


def heard_unsettled(real: Any) -> Any:
    def unheard(domain: Any, doors: Any) -> Any:
        now = (domain.term, domain.epoch)
        return tuple(d for d in doors if d not in domain.reports or (domain.reports[d].term, domain.reports[d].epoch) != now)

    return unheard


def without_residual(real: Any) -> Any:
    return lambda domain, mode, groups, seal: replace(real(domain, mode, groups, seal), residual=groups or domain.last_groups)


def clear_unseals(real: Any) -> Any:
    return lambda domain, mode, groups, seal: real(domain, mode, groups, seal and mode is not DoorMode.CLEAR)


def staff_uncounted(real: Any) -> Any:
    return lambda groups, separated: {*groups}


def old_term(real: Any) -> Any:
    return lambda domain, floor: replace(real(domain, floor), term=domain.term, epoch=domain.epoch + 1)


def restored_unsealed(real: Any) -> Any:
    return lambda domain, floor: replace(real(domain, floor), seal=False)


def swept_at_once(real: Any) -> Any:
    def advance(domain: Any, target: Any, doors: Any, separated: Any) -> Any:
        act = clearing.sweep_act(domain, doors)
        swept = any(a.act == act and a.epoch == domain.epoch for a in domain.approved)
        return real(replace(domain, swept=True) if swept else domain, target, doors, separated)

    return advance


def doubt_forgotten(real: Any) -> Any:
    def advance(domain: Any, *rest: Any) -> Any:
        after, waiting = real(domain, *rest)
        return (replace(after, unsure=False) if after.groups else after), waiting

    return advance


def anybody_approves(real: Any) -> Any:
    def approve(self: Any, component: Any, act: str, approvals: Any) -> None:
        domain = self.domains[component]
        epoch = domain.seal_epoch if act == "release" else domain.epoch
        self.domains[component] = clearing.approve(domain, Approved(act, epoch, approvals))

    return approve


# what a board stores


def stored(change: Callable[[str, Any], Any]) -> Lapse:
    """Slices of some kinds changed, or dropped where `change` gives None."""

    def mutated(real: Any) -> Any:
        def slices(of: Any) -> Mapping[tuple[str, str], object]:
            changed = {key: change(key[0], value) for key, value in real(of).items()}
            return {key: value for key, value in changed.items() if value is not None}

        return slices

    return mutated


def no_held(kind: str, value: Any) -> Any:
    return None if kind == "held" else value


def no_count(kind: str, value: Any) -> Any:
    return replace(value, net={}) if kind == "ledger" else value


def no_pending(kind: str, value: Any) -> Any:
    return replace(value, pending=()) if kind == "ledger" else value


def no_seal(kind: str, value: Any) -> Any:
    return replace(value, policy=replace(value.policy, seal=False)) if kind == "held" else value


# what a board believes


def takes_older(real: Any) -> Any:
    def accept(held: Any, offered: Any, *rest: Any) -> Any:
        older = held is not None and offered.order < held.policy.order
        return real(replace(held, policy=replace(held.policy, term=-1)) if older else held, offered, *rest)

    return accept


def unsealed_by_expiry(real: Any) -> Any:
    def step_policy(of: Any, body: Any, now: Any) -> Any:
        def kept(component: Any, held: Any) -> Any:
            return held if component in of.leases else replace(held, policy=replace(held.policy, seal=False))

        forgetful = replace(of, held={c: kept(c, held) for c, held in of.held.items()})
        after, effects = real(forgetful, body, now)
        return (of if after is forgetful else after), effects

    return step_policy


def one_person(real: Any) -> Any:
    return lambda approvals, message, commission: any(
        signing.verifies(bytes.fromhex(commission.approvers[a.approver][1]), message, bytes.fromhex(a.signature)) for a in approvals
    )


def one_role(real: Any) -> Any:
    def two_people(approvals: Any, message: Any, commission: Any) -> bool:
        anybody = replace(commission, approvers={who: (who, key) for who, (_, key) in commission.approvers.items()})
        return bool(real(approvals, message, anybody))

    return two_people


def any_release(real: Any) -> Any:
    return lambda offered, act, since, commission: real(offered, act, (-1, -1), commission)


def any_session(real: Any) -> Any:
    return lambda body, commission, session, renewal: real(body, commission, body.session, renewal)


def any_renewal(real: Any) -> Any:
    return lambda body, commission, session, renewal: real(body, commission, session, -1)


def any_agent(real: Any) -> Any:
    return lambda body, commission, session, renewal: real(replace(body, agent=commission.agent), commission, session, renewal)


def any_name(real: Any) -> Any:
    return lambda of, lease, now: real(of, replace(lease, policy=of.policy), now)


def any_time(real: Any) -> Any:
    return lambda of, lease, now: real(replace(of, renewal=-1), lease, now)


# what a board decides


def as_if(**standing: Any) -> Lapse:
    return lambda real: lambda known, *rest: real(replace(known, **standing), *rest)


def grants_stay(real: Any) -> Any:
    return lambda of, now, doors=None: (of, [])


def strike_first(real: Any) -> Any:
    def step_granted(record: Any, of: Any, grant: Any, now: Any) -> Any:
        return replace(of, released=True), [SetLine(record.strike, True)]

    return step_granted


def pending_untold(real: Any) -> Any:
    return lambda of: real(replace(of, ledger=replace(of.ledger, pending=()), released=False))


def unseen_uncounted(real: Any) -> Any:
    return lambda record, known: (replace(known, pending=()), [])


def no_doubt(real: Any) -> Any:
    return lambda of: of


def exit_needs_a_lease(real: Any) -> Any:
    def step_line(of: Any, line: str, active: bool, now: Any) -> Any:
        leaving = of.site.door_lines.get(line, ("", ""))[1] == "exit"
        return (of, []) if leaving and not of.leases else real(of, line, active, now)

    return step_line


def fire_waits(real: Any) -> Any:
    return lambda record, of, active, now: (replace(of, fire=active), [])


def breach_untold(real: Any) -> Any:
    def passed(of: Any, passage: Any, now: Any) -> Any:
        after, lines = real(of, passage, now)
        return after, [line for line in lines if line.kind != "breach"]

    return passed
