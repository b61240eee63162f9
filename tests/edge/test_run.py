"""The agent as a running program: it stores before it acts, tells what it did, and survives what goes wrong."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from agent_fakes import FakeDisplay, FakeLines, FakeLink, FakeReader, LoggedDisk, command, wait_for
from agent_hall import AGENT, BIDDER, COMMISSION, EXPERT, LINES, NOON_NS, POLICY_KEY, admit, body, clear, entry_of

from edge.drivers.protocols import CardRead, DeviceHealth
from edge.shell.hardware import Hardware
from edge.shell.run import EdgeAgent
from venue_model import signing
from venue_model.door_policy import ComponentPolicy
from venue_model.groups import Role
from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId
from venue_model.moments import S
from venue_model.signed import ack_bytes, lease_bytes, policy_bytes, pulse_bytes
from venue_model.wire import Desired, Meta, SignedPolicy, Status, Want, decode, encode


class Bench:
    """An agent between fakes."""

    def __init__(self, folder: Path) -> None:
        self.log: list[str] = []
        self.lines = FakeLines("io", self.log)
        self.lines.inputs = {"locker-1.closed": True, "locker-2.closed": True}
        self.reader, self.sign, self.kiosk = FakeReader(), FakeDisplay(), FakeDisplay()
        self.disk = LoggedDisk(folder / "agent.db")
        self.disk.log = self.log
        hardware = Hardware(
            lines={"io": (self.lines, LINES)}, readers={"o1-reader": self.reader}, displays={"o1-sign": self.sign, "o1-kiosk": self.kiosk}
        )
        self.links: list[FakeLink] = []

        def open_link(*callbacks: object) -> FakeLink:
            self.links.append(FakeLink(*callbacks))  # type: ignore[arg-type]
            return self.links[-1]

        self.agent = EdgeAgent(COMMISSION, "c0ffee", self.disk, hardware, open_link, draw_nonce=lambda: "n0n5e")
        self.link = self.links[0]
        self.renewal = 0

    def start(self) -> "Bench":
        self.agent.start()
        self.link.connect()
        wait_for("the first report", lambda: self.link.payloads("reported"))
        return self

    def send(self, leaf: str, payload: bytes) -> None:
        self.link.send(self.agent.topics.agent(COMMISSION.agent, leaf), payload)

    def policy_later(self, *components: ComponentPolicy) -> None:
        self.renewal += 1
        offered = body(*components, session=self.link.session, renewal=self.renewal)
        self.send("policy", encode(SignedPolicy(offered, signing.sign(POLICY_KEY, policy_bytes(offered)).hex())))

    def policy(self, *components: ComponentPolicy) -> None:
        self.policy_later(*components)
        held = self.agent.state.held
        wait_for("the policy", lambda: all(p.component in self.agent.state.held and self.agent.state.held is not held for p in components))

    def card(self, reader: str, card: bytes) -> None:
        self.agent.post(CardRead(reader, card, 32, time.monotonic_ns()))

    def kinds(self) -> list[str]:
        return [event.kind for batch in self.link.batches() for event in batch.events]

    def lines_of(self, kind: str) -> list[dict[str, object]]:
        return [event.body for event in self.disk.lines_after(0, 10_000) if event.kind == kind]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path).start()
    yield bench
    bench.agent.stop()


def test_a_strike_never_moves_before_its_record_is_on_disk(bench: Bench) -> None:
    bench.policy(admit("o1", 2, [Role.BID], entry_of(BIDDER)))
    bench.card("o1-reader", BIDDER)
    wait_for("the strike", lambda: bench.lines.outputs.get("o1-door.strike"))
    assert bench.log.index("stored grant") < bench.log.index("o1-door.strike=1")
    wait_for("the green lamp", lambda: bench.reader.answers == [True])
    bench.lines.move("o1-door.contact", True)
    wait_for("the count", lambda: bench.link.reported().doors[DoorId("o1-door")].components["o1"].net == 1)  # type: ignore[index]


def test_whoever_has_a_clock_of_their_own_takes_the_turns(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.agent.open()
    bench.link.connect()
    bench.agent.turn(bench.agent.take())
    assert bench.link.reported().session == 1
    bench.policy_later(admit("o1", 2, [Role.BID], entry_of(BIDDER)))
    bench.agent.turn(bench.agent.take())
    due_ns = bench.agent.due_ns()
    assert due_ns is not None, "a lease runs out, lines are to be repeated"
    bench.card("o1-reader", BIDDER)
    bench.agent.turn(bench.agent.take())
    assert bench.lines.outputs["o1-door.strike"]
    after_ns = bench.agent.due_ns()
    assert after_ns is not None and after_ns < time.monotonic_ns() + 6 * S, "the grant lapses"
    bench.disk.close()


def test_an_exit_does_not_wait_for_the_disk(bench: Bench) -> None:
    bench.disk.refuses = True
    bench.lines.move("o1-door.exit", True)
    wait_for("the strike", lambda: bench.lines.outputs.get("o1-door.strike"))


def test_a_disk_that_takes_no_records_ends_entry_and_says_so_and_owes_nothing_later(bench: Bench) -> None:
    bench.policy(admit("o1", 2, [Role.BID, Role.AGT], entry_of(BIDDER), entry_of(AGENT)))
    bench.disk.refuses = True
    bench.card("o1-reader", BIDDER)
    wait_for("the alarm", lambda: not bench.agent.state.recordable)
    bench.card("o1-reader", AGENT)
    wait_for("the red lamp", lambda: False in bench.reader.answers)
    assert "o1-door.strike=1" not in bench.log
    bench.disk.refuses = False
    wait_for("the owed lines", lambda: bench.agent.state.recordable and bench.lines_of("alarm_clear"))
    assert [line["code"] for line in bench.lines_of("alarm")] == ["disk"]
    assert [line["rule"] for line in bench.lines_of("refusal")] == ["RECORD"]
    assert len(bench.lines_of("grant")) == 1


def test_lines_are_repeated_until_the_gateway_signs_for_them(bench: Bench) -> None:
    wait_for("the first lines", lambda: "device" in bench.kinds())
    bench.link.connect()  # a new connection: what was sent may be lost
    wait_for("them again", lambda: bench.kinds().count("device") >= 2)
    through = bench.disk.last_seq
    message = ack_bytes(COMMISSION.agent, bench.disk.journal, through)
    ack = {"journal": bench.disk.journal, "through": through}
    bench.send("command", command("ack", "a1", ack, signing.sign(b"\x99" * 32, message), NOON_NS))
    wait_for("the complaint", lambda: bench.lines_of("alarm"))
    assert bench.disk.acknowledged == 0
    bench.send("command", command("ack", "a2", ack, signing.sign(POLICY_KEY, message), NOON_NS))
    wait_for("the acknowledgement", lambda: bench.disk.acknowledged == through)
    sent = len(bench.link.batches())
    bench.link.connect()
    wait_for("a new session", lambda: bench.agent.state.session == bench.link.session)
    assert all(event.seq > through for batch in bench.link.batches()[sent:] for event in batch.events)


def test_staff_are_let_in_once_by_a_signed_pulse(bench: Bench) -> None:
    bench.policy(admit("o1", 2, [Role.BID], entry_of(BIDDER)), clear("e1", 2, seal=True))
    for door, id in (("o1-door", "p1"), ("o1-door", "p1"), ("e1-door", "p2")):
        issued = time.time_ns()
        signature = signing.sign(POLICY_KEY, pulse_bytes(COMMISSION.agent, DoorId(door), id, issued))
        bench.send("command", command("pulse", id, {"door": door}, signature, issued))
    wait_for("the sealed door's refusal", lambda: bench.lines_of("refusal"))
    assert bench.lines_of("refusal")[0]["rule"] == "I8"
    assert [line["command"] for line in bench.lines_of("grant")] == ["p1"]
    assert bench.lines.outputs.get("o1-door.strike")
    assert not bench.lines.outputs.get("e1-door.strike")


def test_a_renewal_that_names_the_policy_keeps_the_door_open_and_no_other_does(bench: Bench) -> None:
    bench.policy(admit("o1", 2, [Role.BID], entry_of(BIDDER)))
    wait_for("the digest", lambda: bench.link.reported().policy)
    policy, session = bench.link.reported().policy, bench.link.session

    def lease(session: int, renewal: int, policy: object, key: bytes = POLICY_KEY) -> None:
        body = {"session": session, "renewal": renewal, "lease_s": 3_600, "policy": policy}
        text = lease_bytes(COMMISSION.agent, session, renewal, NOON_NS, 3_600, str(policy))
        bench.send("command", command("lease", f"l{renewal}", body, signing.sign(key, text), NOON_NS))

    def until_ns() -> int:
        return bench.agent.state.leases[ComponentId("o1")]

    began_ns = until_ns()
    lease(session, 9, "another")
    lease(session - 1, 9, policy)
    lease(session, bench.renewal, policy)
    lease(session, 9, policy, key=b"\x99" * 32)
    lease(session, 9, 7)
    wait_for("the complaint", lambda: bench.lines_of("alarm"))
    assert (until_ns(), bench.agent.state.renewal) == (began_ns, bench.renewal)
    lease(session, 9, policy)
    wait_for("the lease", lambda: until_ns() > began_ns + 3_000 * S)
    assert bench.agent.state.renewal == 9


def test_garbage_from_the_network_is_one_line_a_minute_and_changes_nothing(bench: Bench) -> None:
    before = bench.agent.state
    for payload in (b"", b"{", b'{"on":1}', b"\xff" * 300_000, b'{"v":1,"body":' + b"[" * 5_000):
        for leaf in ("policy", "desired", "command"):
            bench.send(leaf, payload)
    wait_for("three lines", lambda: len(bench.lines_of("alarm")) == 3)
    assert {line["code"] for line in bench.lines_of("alarm")} == {"bad-message"}
    assert (before.held, before.doors, before.scene) == (bench.agent.state.held, bench.agent.state.doors, bench.agent.state.scene)


def test_devices_answer_with_their_own_acknowledgement(bench: Bench) -> None:
    wants = {"o1-sign": Want(lines=("开标中",)), "o1-light": Want(on=True), "o1-cam": Want(record=None)}
    bench.sign.dark = True
    bench.send("desired", encode(Desired(1, 1, "run-1", NOON_NS, {DeviceId(d): w for d, w in wants.items()})))  # type: ignore[arg-type]

    def codes() -> list[int]:
        return [bench.link.reported().devices[DeviceId(device)].code for device in wants]

    wait_for("all outcomes", lambda: codes() == [500, 200, 500])
    report = bench.link.reported()
    assert "no answer" in report.devices[DeviceId("o1-sign")].text
    assert "no recorder is wired" in report.devices[DeviceId("o1-cam")].text
    assert (report.epoch, report.generation) == (1, 1)
    assert bench.lines.outputs["o1-light.on"]
    bench.sign.dark = False
    bench.agent.post(DeviceHealth("o1-sign", True, "online", "back", 0))
    wait_for("the sign", lambda: bench.sign.shown == [("开标中",)] and codes()[0] == 200)


def test_a_relay_that_is_gone_is_an_alarm_and_no_grant(bench: Bench) -> None:
    bench.policy(admit("o1", 2, [Role.BID], entry_of(BIDDER)))
    bench.lines.broken = True
    bench.card("o1-reader", BIDDER)
    wait_for("the end of the grant", lambda: bench.lines_of("no_entry"))
    assert [line["code"] for line in bench.lines_of("alarm")] == ["strike"]
    assert bench.lines_of("no_entry")[0]["because"] == "strike failed"


def test_a_lost_edge_is_found_by_reading_the_line_again(bench: Bench) -> None:
    bench.lines.inputs["o1-door.contact"] = True  # nobody told
    wait_for("the agent to notice", lambda: bench.agent.state.doors[DoorId("o1-door")].open)


def test_the_challenge_is_on_the_kiosk(bench: Bench) -> None:
    wait_for("the challenge", lambda: bench.kiosk.challenges == ["BH1?o1-door.n0n5e"])


def test_it_introduces_itself(bench: Bench) -> None:
    meta = decode(Meta, bench.link.payloads("meta")[0])
    assert (meta.agent, meta.commissioned, len(meta.doors)) == (COMMISSION.agent, "c0ffee", 3)
    assert bench.link.reported().session == bench.link.session


def test_stopping_waits_for_the_end_of_a_grant_and_secures(tmp_path: Path) -> None:
    bench = Bench(tmp_path).start()
    bench.policy(admit("e1", 2, [Role.EXP], entry_of(EXPERT)))
    bench.card("e1-reader", EXPERT)
    wait_for("the strike", lambda: bench.lines.outputs.get("e1-door.strike"))
    bench.agent.stop()
    assert not bench.lines.outputs["e1-door.strike"]
    again = Bench(tmp_path).start()
    assert not again.link.reported().doors[DoorId("e1-door")].suspect
    assert again.link.session == 2
    assert again.link.reported().doors[DoorId("e1-door")].components["e1"].epoch == 2  # type: ignore[index]
    again.agent.stop()


def test_a_policy_that_nobody_of_ours_signed_changes_nothing_and_is_a_line(bench: Bench) -> None:
    offered = body(admit("o1", 2, [Role.BID], entry_of(BIDDER)), session=bench.link.session)
    bench.send("policy", encode(SignedPolicy(offered, signing.sign(b"\x99" * 32, policy_bytes(offered)).hex())))
    wait_for("the line", lambda: bench.lines_of("alarm"))
    assert "signature" in str(bench.lines_of("alarm")[0]["detail"])
    assert not bench.agent.state.held


def test_a_policy_for_another_board_is_a_line(bench: Bench) -> None:
    offered = replace(body(session=bench.link.session), agent=BoardId("other"))
    bench.send("policy", encode(SignedPolicy(offered, signing.sign(POLICY_KEY, policy_bytes(offered)).hex())))
    wait_for("the line", lambda: bench.lines_of("policy"))
    assert bench.lines_of("policy")[0]["code"] == "agent"


def test_a_gateway_that_signs_for_an_earlier_connection_is_told_which_one_lives(bench: Bench) -> None:
    # A late copy of an older birth can be the last that it heard; its policies would be refused for ever (simulate, seed 1215).
    offered = body(admit("o1", 2, [Role.BID], entry_of(BIDDER)), session=bench.link.session - 1)
    bench.send("policy", encode(SignedPolicy(offered, signing.sign(POLICY_KEY, policy_bytes(offered)).hex())))
    wait_for("the birth again", lambda: bench.link.payloads("status"))
    assert decode(Status, bench.link.payloads("status")[-1]) == Status(on=True, session=bench.link.session)
    assert not bench.agent.state.held
    assert not bench.lines_of("policy"), "an old policy that the broker still retains is no event"
