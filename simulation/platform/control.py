"""The control API of the stand-in, for tests, the demo and the rehearsal: put lots, announce events, misbehave, look inside."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, TypeAdapter

from gateway.trading.base import PhaseEvent
from simulation.platform.behaviour import Behaviour
from simulation.platform.book import Received
from simulation.platform.stand_in import StandIn
from venue_model.lots import Lot

EVENT = TypeAdapter(PhaseEvent)


class PutLot(BaseModel):
    """A lot in neutral words, and the credit codes that the interface carries beside it."""

    model_config = ConfigDict(extra="forbid")

    lot: Lot
    credit_codes: dict[str, str] | None = None


class PutWebhook(BaseModel):
    """Where to call when there is news, and the venue there; "" for nowhere."""

    url: str
    venue: str = ""


def control_routes(stand_in: StandIn) -> APIRouter:
    """The routes under /control."""
    router = APIRouter(prefix="/control")

    @router.put("/lots", status_code=204)
    async def put_lot(put: PutLot) -> None:
        stand_in.book.put_lot(put.lot, put.credit_codes)
        stand_in.webhook.ring()

    @router.get("/lots")
    async def lots() -> list[dict[str, Any]]:
        return [asdict(lot) for lot in stand_in.book.lots()]

    @router.post("/events", status_code=204)
    async def add_event(event: dict[str, Any]) -> None:
        try:
            announced = EVENT.validate_python(event)
            stand_in.book.add_event(announced)
        except KeyError as error:
            raise HTTPException(404, f"lot {error} is unknown; put it first") from None
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        stand_in.webhook.ring(announced)

    @router.put("/behaviour", status_code=204)
    async def set_behaviour(behaviour: Behaviour) -> None:
        stand_in.behaviour = behaviour

    @router.get("/received")
    async def received(kind: str | None = None) -> list[Received]:
        return stand_in.book.received(kind)

    @router.put("/webhook", status_code=204)
    async def set_webhook(webhook: PutWebhook) -> None:
        stand_in.webhook.url, stand_in.webhook.venue = webhook.url, webhook.venue

    @router.post("/clear", status_code=204)
    async def clear() -> None:
        stand_in.book.clear()
        stand_in.behaviour = Behaviour()
        stand_in.webhook.url = ""

    return router
