"""A profile chooses a practice of separation; it can be stricter than the law, never laxer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venue_model.groups import ALWAYS_SEPARATED, Role, pair, separated_pairs
from venue_model.profiles import DoorMode, ProfileError, load_profile
from venue_model.tools.files import shipped_profiles
from venue_model.zones import Zone, never_admits

HEAD = 'id = "p"\nzh = "某"\nen = "some"\n'


@pytest.mark.parametrize("name", ["classic", "agent-out", "zero-contact"])
def test_a_shipped_profile_admits_nobody_whom_the_law_bars(name: str) -> None:
    profile = shipped_profiles()[name]
    assert profile.separated >= ALWAYS_SEPARATED
    for zones in profile.admits.values():
        for zone, groups in zones.items():
            assert not [g for g in groups if never_admits(zone, g)]
            assert separated_pairs(groups, profile.separated) == []


@pytest.mark.parametrize("name", ["classic", "agent-out", "zero-contact"])
def test_nobody_may_enter_a_sealed_room_in_any_profile(name: str) -> None:
    assert shipped_profiles()[name].groups(DoorMode.EVALUATION, Zone.EVALUATION) == ()


def test_the_profiles_differ_where_the_practices_do() -> None:
    classic, out, zero = (shipped_profiles()[n].groups(DoorMode.INTAKE, Zone.EVALUATION) for n in ("classic", "agent-out", "zero-contact"))
    assert Role.AGT in classic
    assert Role.AGT not in out
    assert zero == (Role.EXP, Role.OWN_C)


def test_where_a_profile_is_silent_nobody_enters() -> None:
    assert shipped_profiles()["classic"].groups(DoorMode.OPENING, Zone.EVALUATION) == ()
    assert shipped_profiles()["classic"].groups(DoorMode.CLEAR, Zone.OPENING) == ()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('separated = [["EXP", "AGENT"]]', "'AGENT' is no role"),
        ('separated = [["EXP"]]', "a pair has two different roles, this has EXP"),
        ('separated = [["EXP", "EXP"]]', "a pair has two different roles, this has EXP, EXP"),
        ('[mode.party]\nZ1 = ["BID"]', "mode.party: no such mode"),
        ('[mode.clear]\nZ1 = ["BID"]', "mode.clear: no such mode"),
        ('[mode.opening]\nZ77 = ["BID"]', "mode.opening.Z77: no such zone"),
        ('[mode.opening]\nZ6 = ["BID"]', "BID is never admitted to Z6 (I1); remove it"),
        ('[mode.opening]\nZ1 = ["EXP"]', "EXP is never admitted to Z1 (I1); remove it"),
        ('[mode.intake]\nZ7 = ["EXP", "OWN"]', "EXP and OWN must never meet"),
        ('separated = [["SUP", "WIT"]]\n[mode.duty]\nZ9 = ["SUP", "WIT"]', "must never meet; remove one of them"),
        ("[mode", "not TOML"),
    ],
)
def test_a_profile_that_breaks_the_law_is_refused_with_the_place(body: str, fault: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(HEAD + body, "p.toml")
    assert fault in str(caught.value)
    assert str(caught.value).startswith("p.toml: ")


def test_all_problems_of_a_profile_are_told_at_once() -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(HEAD + '[mode.opening]\nZ6 = ["BID"]\nZ99 = []\n[mode.party]\n', "p.toml")
    assert len(str(caught.value).splitlines()) == 3


def test_a_profile_without_its_names_is_told_not_crashed() -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile("separated = []\n", "p.toml")
    assert "p.toml: id: missing" in str(caught.value)


@given(st.text(max_size=200))
def test_no_text_raises_anything_but_a_profile_error(text: str) -> None:
    try:
        load_profile(text, "p.toml")
    except ProfileError:
        pass


@pytest.mark.parametrize(
    "body", ["separated = 3", "separated = [3]", "mode = 3", "[mode]\nopening = 3", "[mode.opening]\nZ1 = 3", "id = 3", "rooms = 3"]
)
def test_a_value_of_the_wrong_kind_is_told(body: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile((HEAD if "id" not in body else 'zh = "a"\nen = "b"\n') + body, "p.toml")
    assert str(caught.value).startswith("p.toml: ")


def test_separation_does_not_ask_who_is_named_first() -> None:
    assert pair(Role.EXP, Role.BID) == pair(Role.BID, Role.EXP)
