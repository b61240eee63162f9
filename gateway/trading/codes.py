"""The unified codes of what the platform is told about: opaque text that came from there and goes back as it came."""

from collections.abc import Mapping

from gateway.core.parts import Day
from gateway.trading.base import Json
from venue_model.ids import LotId
from venue_model.lots import Lot


def codes_of(day: Day, body: Mapping[str, Json]) -> Mapping[str, Json]:
    """The codes for the body of an outbox item: of its lot, or of all lots of its project; {} when nobody told any."""
    if "lot" in body:
        state = day.get(LotId(str(body["lot"])))
        return {} if state is None else of_lot(state.lot)
    lots = [state.lot for state in day.values() if state.lot.project == body.get("project")]
    return of_project(lots)


def of_lot(lot: Lot) -> Mapping[str, Json]:
    """What was told; codes that are empty are left out."""
    own = {"project_code": lot.project_code, "lot_code": lot.lot_code, "deal_code": lot.deal_code}
    return {name: code for name, code in (*own.items(), *lot.further_codes) if code}


def of_project(lots: list[Lot]) -> Mapping[str, Json]:
    """Codes that all lots share once; those that differ as lists, in the order of the lots' ids, their names in the plural."""
    told = [of_lot(lot) for lot in sorted(lots, key=lambda lot: lot.id)]
    found: dict[str, Json] = {}
    for name in dict.fromkeys(name for codes in told for name in codes):
        values = list(dict.fromkeys(codes[name] for codes in told if name in codes))
        if name in ("lot_code", "deal_code"):
            found[f"{name}s"] = values
        else:
            found[name] = values[0] if len(values) == 1 else values
    return found
