"""A board's link to the broker in virtual time: sessions, birth and will as the real link has them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from edge.shell.disk import DiskError
from simulation.world.network import Will
from venue_model.wire import GatewayStatus, Status, decode, encode

if TYPE_CHECKING:
    from simulation.world.board import BoardHost


class Radio:
    """The agent's link in virtual time (`edge.shell.run.Link`), for one life of the program."""

    def __init__(
        self,
        host: "BoardHost",
        next_session: Callable[[], int],
        on_message: Callable[[str, bytes], None],
        on_connection: Callable[[bool], None],
    ) -> None:
        self._host = host
        self._next_session, self._on_message, self._on_connection = next_session, on_message, on_connection
        self._session = 0

    @property
    def session(self) -> int:
        return self._session

    def start(self) -> None:
        self._host.client.start()

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        self._host.client.publish(topic, payload, retain=retain)

    def announce(self) -> None:
        self.publish(self._status_topic, encode(Status(on=True, session=self._session)), retain=True)

    def close(self) -> None: ...

    def connecting(self) -> Will | None:
        """A new session number, on disk before anybody sees it."""
        try:
            self._session = self._next_session()
        except DiskError:
            return None
        return Will(self._status_topic, encode(Status(on=False, session=self._session)))

    def connected(self) -> None:
        self.announce()
        self._on_connection(True)
        self._host.nudge()

    def disconnected(self) -> None:
        self._on_connection(False)
        self._host.nudge()

    def message(self, topic: str, payload: bytes, remembered: bool) -> None:
        if topic == self._host.topics.gateway and not remembered and decode(GatewayStatus, payload).on:
            self.announce()  # a late will may have overwritten our birth
        self._on_message(topic, payload)
        self._host.nudge()

    @property
    def _status_topic(self) -> str:
        return self._host.topics.agent(self._host.commission.agent, "status")
