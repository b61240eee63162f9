"""One real agent on loopback with slots: it keeps a good program, goes back from a bad one, and from one that lost its power."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from agent_fakes import command, wait_for
from agent_hall import COMMISSION, POLICY_KEY
from test_run_parts import ROOT, SMALL, TOPICS, Gateway, broker, free_port  # noqa: F401  a fixture

from edge.shell.launcher import PROGRAM, RELEASE_KEY
from edge.shell.rollout import release_key
from edge.shell.slots import Label, Slots
from venue_model import signing
from venue_model.bundles import pack, unpack
from venue_model.commissioning import encode_commission
from venue_model.signed import held_bytes, rollout_bytes
from venue_model.tools.make_bundle import program_files
from venue_model.wire import Meta, decode

pytestmark = pytest.mark.parts
KEY = bytes(range(32))
PLAIN = program_files(ROOT)
WELL_S = 2  # in the place of 30: what is tested is who goes back, not the length of the half minute

# The launcher with shorter times; everything else is as it ships.
_LAUNCH = f"""
import sys
from pathlib import Path
from edge.shell.launcher import Launcher
sys.exit(Launcher(Path(sys.argv[1]), Path(sys.argv[2]), well_ns={WELL_S}_000_000_000, soon_ns=20_000_000_000).run())
"""


def bundle(version: str, number: int, **changed: bytes) -> bytes:
    return pack(version, number, {**PLAIN, **{path.replace("__", "/") + ".py": data for path, data in changed.items()}}, KEY)


class Bundles:
    """A web server that serves what it is given, by its SHA-256."""

    def __init__(self) -> None:
        held: dict[str, bytes] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                data = held.get(self.path)
                self.send_response(200 if data else 404)
                self.end_headers()
                self.wfile.write(data or b"")

            def log_message(self, *_: Any) -> None:
                pass

        self.held = held
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever)
        self.thread.start()

    def put(self, name: str, data: bytes) -> str:
        self.held[f"/{name}"] = data
        return f"http://127.0.0.1:{self.server.server_address[1]}/{name}"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Host:
    """One board's launcher with its agent, and a gateway that answers to births."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.gateway, self.bundles = folder / "slots", Gateway(port), Bundles()
        self.folder.mkdir()
        (self.folder / RELEASE_KEY).write_text(signing.public_key_of(KEY).hex())
        first = bundle("1.0", 1)
        self.slots = Slots(self.folder / PROGRAM)
        self.slots.install(unpack(first, release_key(self.folder)).files, Label(_sha(first), "1.0", 1), "")
        record = SMALL.__class__(**{f: getattr(SMALL, f) for f in SMALL.__slots__} | {"doors": ()})
        (folder / "commission.json").write_bytes(encode_commission(record))
        config = {
            "commission": "commission.json", "data": "data",
            "broker": {"host": "127.0.0.1", "port": port, "user": "front", "password": "x"},
            "wiring": {"o1-kiosk": {"driver": "kiosk", "port": free_port(), "page_required": False}},
        }  # fmt: skip
        self.config = folder / "edge.json"
        self.config.write_text(json.dumps(config))
        self.answered = 0
        self.orders = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        command_line = [sys.executable, "-c", _LAUNCH, str(self.folder), str(self.config)]
        self.process = subprocess.Popen(command_line, cwd=ROOT, start_new_session=True)

    def answer(self) -> None:
        """What the gateway says to every birth: which lines it holds."""
        status = self.gateway.status()
        if status.on and status.session != self.answered:
            issued = time.time_ns()
            signature = signing.sign(POLICY_KEY, held_bytes(COMMISSION.agent, {}, issued))
            self.gateway.send("command", command("held", f"h{issued}", {"journals": {}}, signature, issued))
            self.answered = status.session

    def order(self, data: bytes, back: bool = False) -> None:
        self.orders += 1
        issued, digest = time.time_ns(), _sha(data)
        url = self.bundles.put(digest, data)
        body: dict[str, Any] = {"kind": PROGRAM, "digest": digest, "bytes": len(data), "url": url, "back": back}
        signature = signing.sign(POLICY_KEY, rollout_bytes(COMMISSION.agent, f"r{self.orders}", issued, body))
        self.gateway.send("command", command("rollout", f"r{self.orders}", body, signature, issued))

    def meta(self) -> Meta | None:
        return decode(Meta, self.gateway.last["meta"]) if "meta" in self.gateway.last else None

    def until(self, what: str, found: Callable[[Meta], bool]) -> None:
        def look() -> bool:
            self.answer()
            meta = self.meta()
            return meta is not None and found(meta)

        wait_for(what, look, 60)

    def runs(self, version: str) -> None:
        """This version runs, and is no longer on trial."""
        self.until(f"version {version}", lambda m: m.version == version and not m.rollout.slots[PROGRAM].trial and self.gateway.status().on)

    def pull_the_plug(self) -> None:
        """Launcher and agent end at once, without a word."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        wait_for("the last will", lambda: not self.gateway.status().on, 30)

    def close(self) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(20)
        self.gateway.close()
        self.bundles.close()


def _sha(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def host(tmp_path: Path, broker: int) -> Iterator[Host]:  # noqa: F811
    found = Host(tmp_path, broker)
    try:
        found.runs("1.0")
        yield found
    finally:
        found.close()


def test_a_good_program_stays_and_can_be_returned_from_by_name(host: Host) -> None:
    good = bundle("2.0", 2)
    host.order(good)
    host.until("the trial", lambda m: m.version == "2.0" and m.rollout.outcome == "trial")
    host.runs("2.0")
    meta = host.meta()
    assert meta is not None and (meta.rollout.outcome, meta.rollout.slots[PROGRAM].digest) == ("kept", _sha(good))

    older = bundle("1.5", 1)
    host.order(older)
    host.until("the refusal", lambda m: m.rollout.order == "r2" and m.rollout.outcome == "refused")
    meta = host.meta()
    assert meta is not None and "older" in meta.rollout.why

    host.order(bundle("1.0", 1), back=True)
    host.runs("1.0")


def test_a_program_that_crashes_at_its_start_is_gone_back_from_by_itself(host: Host) -> None:
    host.order(bundle("2.0", 2, edge__cli=b"raise SystemExit('broken')\n"))
    host.until("the way back", lambda m: m.version == "1.0" and m.rollout.outcome == "returned")
    host.runs("1.0")
    meta = host.meta()
    assert meta is not None and "status 1" in meta.rollout.why


def test_power_lost_in_the_middle_of_a_trial_is_the_old_program_again(host: Host) -> None:
    host.order(bundle("2.0", 2))
    host.until("the trial", lambda m: m.version == "2.0" and m.rollout.outcome == "trial")
    host.pull_the_plug()
    assert host.slots.trial is not None and host.slots.trial.begun
    host.start()
    host.until("the way back", lambda m: m.version == "1.0" and m.rollout.outcome == "returned")
    host.runs("1.0")
    meta = host.meta()
    assert meta is not None and "lost power" in meta.rollout.why


def test_a_launcher_that_dies_alone_takes_its_agent_with_it_and_the_next_waits_for_that(host: Host) -> None:
    assert host.process is not None
    session = host.gateway.status().session
    host.process.kill()
    host.process.wait(10)
    host.start()
    host.until("the next agent", lambda m: host.gateway.status().on and host.gateway.status().session > session)
    host.runs("1.0")
