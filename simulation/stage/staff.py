"""The staff and the supervisor at their screens, through the same API as the dashboard."""

import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from simulation.stage.house import House

RUN_S = 45.0  # three stages at their limits, and a margin


class PressRefused(RuntimeError):
    """The gateway refused a scene.  `code` is its reason."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(f"{code}: {text}")


@dataclass(slots=True)
class Desk:
    """Two people who are signed in."""

    house: House
    staff: httpx.Client
    supervisor: httpx.Client
    runs: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def open(cls, house: House) -> "Desk":
        """Sign both in."""
        return cls(house, house.client("staff"), house.client("supervisor"))

    def again(self) -> None:
        """Sign in anew, after the gateway was restarted."""
        self.close()
        self.staff, self.supervisor = self.house.client("staff"), self.house.client("supervisor")

    def close(self) -> None:
        """Leave."""
        self.staff.close()
        self.supervisor.close()

    def get(self, path: str, **query: Any) -> Any:
        """What the supervisor sees at `path`."""
        return self.supervisor.get(f"/api/v1{path}", params=query).raise_for_status().json()

    def press(self, lot: str, scene: str, *, approve: bool = False) -> dict[str, Any]:
        """Press a scene and watch it to its end.  PressRefused when the gateway says no."""
        approvals = []
        if approve:
            preview = self.staff.get(f"/api/v1/lots/{lot}/preview", params={"scene": scene}).raise_for_status().json()
            approvals = self.house.approve(preview["approvals"])
        answer = self.staff.post(f"/api/v1/lots/{lot}/scenes", json={"scene": scene, "approvals": approvals})
        if answer.status_code == 409:
            error = answer.json()["error"]
            raise PressRefused(error["code"], error["en"])
        run = answer.raise_for_status().json()
        deadline = time.monotonic() + RUN_S
        while run["result"] is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"{scene} of {lot} has no result after {RUN_S:.0f} s; it waits for {run['waiting']}")
            time.sleep(0.05)
            run = self.staff.get(f"/api/v1/runs/{run['id']}").raise_for_status().json()
        self.runs.append(run)
        return dict(run)

    def authorise(self, lot: str, person: str) -> None:
        """Open a late person's entry window anew."""
        self.staff.post(f"/api/v1/lots/{lot}/people/{person}/authorise").raise_for_status()

    def wait(self, what: str, look: Any, limit_s: float = 30.0) -> Any:
        """What `look()` finds; AssertionError when it finds nothing for `limit_s`."""
        deadline = time.monotonic() + limit_s
        while not (found := look()):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {limit_s:.0f} s for {what}")
            time.sleep(0.1)
        return found

    def agents_online(self) -> bool:
        """All agents are there and every door is shut.  StageError when a process has ended."""
        self.house.check_alive()
        state = self.get("/state")
        return all(b["online"] for b in state["boards"].values()) and all(d["position"] == "closed" for d in state["doors"].values())

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The journal lines of one kind."""
        found: list[dict[str, Any]] = self.get("/events", kind=kind, limit=1000)
        return found
