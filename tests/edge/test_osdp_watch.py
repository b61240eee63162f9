"""When a reader is believed, when its link is renewed, and what the mechanic is told, moment by moment."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.drivers.osdp_advice import PORT_OPEN, QUARANTINED, TAMPER, TAMPER_CLEARED, advise
from edge.drivers.osdp_watch import (
    Action,
    Link,
    Notice,
    Renewal,
    Report,
    S,
    Seen,
    State,
    admits_card,
    look,
    new_link,
    note_asked,
    note_heard,
    note_misheard,
)


@dataclass
class Bench:
    """A reader in virtual time, behind libosdp as it behaves: it asks every 50 ms, repeats a lost exchange each second
    for nine seconds, and rests for 300 s after anything that it does not like."""

    link: Link = field(default_factory=lambda: new_link(0))
    now_ns: int = 0
    secure: bool = False
    trying_since_ns: int | None = 0
    silent_since_ns: int = 0

    def run(self, seconds: float, line: str = "well") -> list[tuple[float, Action]]:
        """What the watch did while the line was so, with the time since this began."""
        begun_ns, done = self.now_ns, []
        while self.now_ns < begun_ns + seconds * S:
            self.now_ns += S // 20
            self._ask(line)
            # A request is carried out at once when libosdp is idle.
            seen = Seen(self.now_ns, port_open=line != "unplugged", enabled=False, secure=self.secure)
            self.link, actions = look(self.link, seen)
            done += [((self.now_ns - begun_ns) / S, action) for action in actions]
            if Renewal.ENABLE in actions:
                self.trying_since_ns = self.silent_since_ns = self.now_ns
        return done

    def _ask(self, line: str) -> None:
        if line == "unplugged" or self.trying_since_ns is None:
            self._rest()
            return
        self.link = note_asked(self.link, self.now_ns)
        if line == "silent":
            if self.now_ns - self.silent_since_ns >= 9 * S:
                self._rest()
            return
        self.silent_since_ns = self.now_ns
        if line == "broken":
            self.link = note_misheard(self.link)
            self._rest()
            return
        self.link = note_heard(self.link, line != "cleartext", self.now_ns)
        self.secure = line == "well"
        if not self.secure:
            self._rest()

    def _rest(self) -> None:
        self.secure, self.trying_since_ns = False, None

    def admits(self) -> bool:
        return admits_card(self.link, self.now_ns)


@pytest.fixture
def well() -> Bench:
    """A reader that has been online for a while."""
    bench = Bench()
    bench.run(5)
    assert bench.admits()
    return bench


def reports(done: list[tuple[float, Action]]) -> list[str]:
    return [action.code for _, action in done if isinstance(action, Report)]


def renewals(done: list[tuple[float, Action]]) -> list[float]:
    return [at for at, action in done if action is Renewal.DISABLE]


def test_cards_count_two_seconds_after_the_first_connection() -> None:
    bench = Bench()
    assert reports(bench.run(1.9)) == ["online"]
    assert not bench.admits()
    bench.run(0.3)
    assert bench.admits()


def test_a_quiet_quarter_of_an_hour_brings_no_news(well: Bench) -> None:
    assert well.run(900) == []


def test_a_dropped_session_is_renewed_at_once_and_its_cards_wait(well: Bench) -> None:
    done = well.run(0.05, "broken") + well.run(1.8)
    assert [action for _, action in done if isinstance(action, Renewal)] == [Renewal.DISABLE, Renewal.ENABLE]
    assert renewals(done) == [0.05] and reports(done) == ["renewed", "bad-frame"]
    assert not well.admits()
    well.run(0.4)
    assert well.admits()


def test_the_second_half_of_a_renewal_waits_for_the_first() -> None:
    link, told = new_link(0), []
    for now_ns, enabled in ((1, True), (2, True), (3, False), (4, True)):
        link, actions = look(link, Seen(now_ns, port_open=True, enabled=enabled, secure=False))
        told.append(actions)
    assert told == [(Renewal.DISABLE,), (), (Renewal.ENABLE,), ()]


def test_a_silence_of_one_lost_exchange_puts_cards_in_quarantine(well: Bench) -> None:
    well.run(1.0, "silent")
    assert reports(well.run(1.9)) == ["renewed"]
    assert not well.admits()


def test_a_gap_counts_before_the_frame_that_ends_it(well: Bench) -> None:
    well.run(1.0, "silent")
    well.link = note_heard(well.link, False, well.now_ns)
    assert not well.admits()


def test_the_ordinary_polls_of_a_slow_full_line_are_no_gap(well: Bench) -> None:
    for _ in range(20):
        assert well.run(0.4, "silent") + well.run(0.05) == []
    assert well.admits()


def test_people_hear_of_a_loss_after_two_seconds_not_of_a_blink(well: Bench) -> None:
    assert reports(well.run(1.9, "silent")) == []
    assert reports(well.run(20, "silent")) == ["offline"]
    assert reports(well.run(8)) == ["online"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("silent", "offline"),
        ("broken", "garbled"),
        ("wrong key", "wrong-key"),
        ("cleartext", "no-secure-channel"),
        ("unplugged", "no-port"),
    ],
)
def test_a_reader_that_never_connects_is_told_once_with_its_cause(line: str, told: str) -> None:
    bench = Bench()
    assert reports(bench.run(4, line)) == [told]
    assert reports(bench.run(300, line)) == []
    assert not bench.admits()


def test_a_reader_whose_key_was_reset_is_told_as_such(well: Bench) -> None:
    assert reports(well.run(60, "wrong key")) == ["secure-channel-lost"]


def test_a_changed_cause_is_told_again(well: Bench) -> None:
    assert reports(well.run(60, "wrong key") + well.run(60, "silent")) == ["secure-channel-lost", "offline"]


def test_a_reader_that_refuses_is_asked_ever_more_slowly() -> None:
    at = renewals(Bench().run(300, "wrong key"))
    assert [round(b - a) for a, b in pairwise(at)][:6] == [2, 5, 10, 20, 30, 30]


def test_a_silent_reader_waits_at_most_five_seconds_for_its_next_chance() -> None:
    done = Bench().run(300, "silent")
    assert max(b - a for a, b in pairwise(renewals(done))) <= 9 + 5


def test_an_adapter_that_returns_renews_every_link_at_once(well: Bench) -> None:
    assert reports(well.run(5, "unplugged")) == ["no-port"]
    back = well.run(0.2)
    assert renewals(back) == [0.05] and reports(back) == ["online"]
    assert not well.admits()


def test_a_line_that_breaks_all_day_does_not_fill_the_journal(well: Bench) -> None:
    told = []
    for _ in range(40):
        told += [action for _, action in well.run(0.05, "broken") + well.run(1.45) if isinstance(action, Report)]
    assert reports([(0, report) for report in told]).count("renewed") <= 7
    counts = [report.count for report in told if report.code == "bad-frame"]
    assert len(counts) <= 7 and 30 <= sum(counts) <= 40


def test_every_finding_has_an_advice_in_both_languages() -> None:
    for code in [*State, *Notice, PORT_OPEN, QUARANTINED, TAMPER, TAMPER_CLEARED]:
        text = advise(code, address=3, port="/dev/x", baud=9600, fault="gone", count=2)
        chinese, english = text.split(" / ")
        assert not chinese.isascii() and english.isascii(), code


CHAPTERS = st.sampled_from(["well", "silent", "broken", "wrong key", "unplugged"])


@given(st.lists(st.tuples(CHAPTERS, st.integers(1, 80)), max_size=12))
def test_no_card_ever_counts_within_two_seconds_of_a_gap(story: list[tuple[str, int]]) -> None:
    bench = Bench()
    apart_ns = heard_ns = 0
    for line, ticks in story:
        for _ in range(ticks):
            bench.run(0.05, line)
            if bench.secure and bench.link.heard_ns > heard_ns + S:
                apart_ns = bench.now_ns
            heard_ns = bench.link.heard_ns
            if not bench.secure:
                apart_ns = bench.now_ns
            if bench.now_ns - apart_ns < 1.9 * S:
                assert not bench.admits()
