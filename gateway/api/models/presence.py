"""Who is where, who is missing after a fire, and a person's way through a day."""

from pydantic import BaseModel

from gateway.api.models.words import NameOut


class WhereaboutsOut(BaseModel):
    """Where a person is, and how sure that is: `inside`, `unknown` (somebody unnamed has left since), `counted` (the doors have counted
    nobody there since), `left`."""

    person: str
    role: str | None
    lot: str | None
    component: str  # "" outside all guarded rooms
    sure: str
    since_utc_ns: int
    door: str
    needs_checkout: bool = False  # leaves after staff's word, which has not been given (I15)


class MusterDomainOut(BaseModel):
    """One separation domain: whom the doors know inside, and what they count."""

    component: str
    name: NameOut
    net: int
    suspect: list[NameOut]  # doors through which something passed unseen
    silent: list[NameOut]  # doors whose board is away: the count is that of before
    people: list[WhereaboutsOut]


class AccountedOut(BaseModel):
    """Somebody who was, or may have been, inside when a fire began, or came in since."""

    was: WhereaboutsOut
    place: NameOut
    safe: str  # "door": seen leaving; "staff": ticked off; "": nobody has seen them outside
    safe_utc_ns: int | None


class FireOut(BaseModel):
    """The fire that lasts, or the last one."""

    from_utc_ns: int
    until_utc_ns: int | None
    devices: list[NameOut]
    people: list[AccountedOut]


class MusterOut(BaseModel):
    """Who is where now, and after a fire who is still missing."""

    utc_ns: int
    domains: list[MusterDomainOut]
    counted_out: list[WhereaboutsOut]  # gone by the doors' counts alone: no door saw them leave by name
    misplaced: list[WhereaboutsOut]  # inside where nobody of their role belongs in this phase
    fire: FireOut | None


class MusterIn(BaseModel):
    """A person was seen outside; false takes that back."""

    outside: bool = True


class PhoneOut(BaseModel):
    """A locker that holds a phone."""

    locker: str
    name: NameOut
    person: str
    since_utc_ns: int


class LeavingOut(BaseModel):
    """What stands between a lot and its empty rooms."""

    lot: str
    inside: list[WhereaboutsOut]
    phones: list[PhoneOut]
    counts: dict[str, int]  # domain of the lot's rooms → net count by its doors
    warning: NameOut | None


class FootageOut(BaseModel):
    """Where a recording shows a moment: so far into this segment."""

    project: str
    lot: str
    track: str
    name: NameOut
    seq: int
    offset_ns: int
    url: str


class StepOut(BaseModel):
    """One event of a person's way: `passage`, `refusal`, `muster` (seen outside by staff) or `unseen` (left, no door knows who)."""

    utc_ns: int
    kind: str
    door: NameOut | None
    from_room: NameOut | None
    to_room: NameOut | None
    direction: str
    how: str
    rule: str
    because: NameOut | None
    lot: str | None
    stay_ns: int | None
    certain: bool
    agent: str | None  # with `seq`: the line of the venue's journal
    seq: int | None
    footage: list[FootageOut]


class TrajectoryOut(BaseModel):
    """A person's way through one day."""

    person: str
    role: str | None
    lots: list[str]
    day: str
    now: WhereaboutsOut | None
    steps: list[StepOut]
