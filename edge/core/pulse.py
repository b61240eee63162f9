"""A pulse: the gateway's signed command to let staff in once."""

from dataclasses import replace

from edge.core.admission import refuse_staff
from edge.core.effects import Effect
from edge.core.events import PulseArrived
from edge.core.journal import Record, alarm, refusal_line
from edge.core.ledger import Direction, Grant, How
from edge.core.passing import granted
from edge.core.state import State
from venue_model.moments import MS, Now, S

PULSE_TTL_MS = 10_000  # the signature covers the time of issue, not the time to live: this bounds it

Step = tuple[State, list[Effect]]


def step_pulse(state: State, pulse: PulseArrived, now: Now) -> Step:
    """Let staff in once: never into a sealed, cleared, full or burning room, nor past a lease or an open partner door."""
    age_ms = (now.utc_ns - pulse.issued_utc_ns) // MS
    error_ms = now.utc_error_ns // MS
    record = state.site.doors.get(pulse.door)
    if record is None:
        return state, [alarm("pulse", pulse.door, "a pulse for a door that this board does not have", door=True)]
    if not -error_ms - PULSE_TTL_MS <= age_ms <= min(pulse.ttl_ms, PULSE_TTL_MS) + error_ms:
        return state, [alarm("pulse", record.id, f"a pulse that is {age_ms} ms old was refused; send it again", door=True)]
    if pulse.held_ns > min(pulse.ttl_ms, PULSE_TTL_MS) * MS:
        # Measured by a clock that nobody sets: what the board allows for a wrong time of day is no excuse here.
        text = f"this board stood still for {pulse.held_ns // S} s; a pulse may be as old and was refused; send it again"
        return state, [alarm("pulse", record.id, text, door=True)]
    if pulse.id in state.pulses:
        return state, []
    remembered = {id: until for id, until in state.pulses.items() if until > now.utc_ns}
    forget_utc_ns = pulse.issued_utc_ns + 2 * PULSE_TTL_MS * MS + 2 * now.utc_error_ns
    state = replace(state, pulses={**remembered, pulse.id: forget_utc_ns})
    if refusal := refuse_staff(state, record, now):
        return state, [refusal_line("", record.id, refusal, "")]
    grant = Grant(Direction.IN, How.PULSE, now.mono_ns + record.pull_s * S, credential=f"pulse {pulse.id}")
    state, effects = granted(state, record, grant, now)
    return state, [Record("grant", {"door": record.id, "direction": "in", "how": "pulse", "command": pulse.id}), *effects]
