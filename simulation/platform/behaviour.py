"""How the stand-in misbehaves, as one value that the control API sets."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from simulation.platform.wire import Record


class Away(StrEnum):
    """Ways of not being there."""

    DROP = "drop"  # the connection ends in the middle of the answer
    UNAVAILABLE = "unavailable"  # 503


class Wrong(StrEnum):
    """Ways of answering wrongly.  All but the first are signed like an honest answer, except `unsigned`."""

    ERROR_500 = "error_500"
    MALFORMED = "malformed"  # not JSON
    UNSIGNED = "unsigned"
    UNKNOWN_ROLE = "unknown_role"  # every page carries one more lot, with a role that nobody knows
    LOWER_VERSION = "lower_version"  # every page carries all lots again, in an older version with another name
    REPLAY = "replay"  # the first page, whatever was asked
    BAD_REQUEST = "bad_request"  # 400 to every push of more than one item, as if one had spoilt it


class Behaviour(BaseModel):
    """Honest and quick unless told otherwise."""

    model_config = ConfigDict(extra="forbid")

    slow_s: float = Field(default=0.0, ge=0, le=3600)
    away: Away | None = None
    wrong: Wrong | None = None
    page: int = Field(default=100, ge=1)  # changes in one answer, at most


STRANGE_LOT = "lot-with-a-strange-role"


def spoil(page: Record, wrong: Wrong | None, newest: list[Record]) -> Record:
    """The page with what `wrong` adds to it.  `newest` are all lots as they stand."""
    if wrong is Wrong.UNKNOWN_ROLE and newest:
        stranger = {"PERSON_KEY": "stranger", "ROLE": "WIZARD", "CARD_NO": "DEADBEEF"}
        return page | {"LOTS": [*page["LOTS"], newest[0] | {"BID_SECTION_ID": STRANGE_LOT, "PEOPLE": [stranger]}]}
    if wrong is Wrong.LOWER_VERSION:
        older = [record | {"VERSION": record["VERSION"] - 1, "PROJECT_NAME": "旧名称"} for record in newest]
        return page | {"LOTS": [*page["LOTS"], *(record for record in older if record["VERSION"] >= 1)]}
    return page
