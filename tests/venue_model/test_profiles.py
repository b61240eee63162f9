"""A profile chooses a practice of separation; it can be stricter than the law, never laxer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venue_model.groups import ALWAYS_SEPARATED, Role, pair, separated_pairs
from venue_model.profiles import DoorMode, ProfileError, Seating, load_profile
from venue_model.tools.files import shipped_profiles
from venue_model.zones import Serves, Zone, never_admits

HEAD = 'id = "p"\nzh = "某"\nen = "some"\n'
SHIPPED = shipped_profiles()


def test_the_five_practices_of_the_field_are_shipped() -> None:
    assert set(SHIPPED) == {"classic", "agent-out", "zero-contact", "dispersed", "remote"}
    assert {name: profile.seating for name, profile in SHIPPED.items() if profile.seating is not Seating.ROOM} == {
        "dispersed": Seating.SEAT,
        "remote": Seating.SEAT,
    }


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_profile_admits_nobody_whom_the_law_bars(name: str) -> None:
    profile = shipped_profiles()[name]
    assert profile.separated >= ALWAYS_SEPARATED
    for zones in profile.admits.values():
        for (zone, _), groups in zones.items():
            assert not [g for g in groups if never_admits(zone, g)]
            assert separated_pairs(groups, profile.separated) == []


@pytest.mark.parametrize("name", SHIPPED)
def test_nobody_may_enter_a_sealed_room_in_any_profile(name: str) -> None:
    assert SHIPPED[name].groups(DoorMode.EVALUATION, Zone.EVALUATION) == ()


@pytest.mark.parametrize("name", SHIPPED)
def test_in_an_inquiry_the_two_sides_have_rooms_of_their_own(name: str) -> None:
    committee, parties = (SHIPPED[name].groups(DoorMode.INQUIRY, Zone.INQUIRY, side) for side in (Serves.COMMITTEE, Serves.PARTIES))
    assert {Role.EXP, Role.OWN_C} <= set(committee) and Role.BID not in committee
    assert {Role.BID, Role.OWN, Role.AGT} <= set(parties) and Role.EXP not in parties
    assert set(SHIPPED[name].groups(DoorMode.INQUIRY, Zone.INQUIRY)) == {*committee, *parties}, "without a side: who belongs at all"
    assert SHIPPED[name].groups(DoorMode.INQUIRY, Zone.INQUIRY, Serves.NOBODY) == (), "a room of no side admits nobody"


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shared_passage_carries_bidders_and_experts_one_after_the_other(name: str) -> None:
    carried = {mode: set(SHIPPED[name].groups(mode, Zone.PASSAGE)) for mode in DoorMode}
    assert not [mode for mode, groups in carried.items() if {Role.BID, Role.EXP} <= groups]
    assert Role.BID in carried[DoorMode.CHECK_IN] & carried[DoorMode.INQUIRY]
    assert Role.EXP in carried[DoorMode.INTAKE]


def test_owner_and_agent_check_out_of_the_opening_area_in_every_practice() -> None:
    assert {profile.checkout for profile in SHIPPED.values()} == {(Role.OWN, Role.AGT)}


def test_a_supervisor_is_escorted_in_the_corridor_and_staff_in_the_rooms() -> None:
    classic = SHIPPED["classic"]
    assert classic.escorts(Zone.CORRIDOR, Role.SUP) == (Role.WIT,)
    assert classic.escorts(Zone.EVALUATION, Role.STF) == (Role.SUP, Role.WIT)
    assert classic.escorts(Zone.EVALUATION, Role.SUP) == ()
    assert classic.escorts(Zone.CORRIDOR, Role.EXP) == ()


def test_the_profiles_differ_where_the_practices_do() -> None:
    classic, out, zero = (SHIPPED[n].groups(DoorMode.INTAKE, Zone.EVALUATION) for n in ("classic", "agent-out", "zero-contact"))
    assert Role.AGT in classic
    assert Role.AGT not in out
    assert zero == (Role.EXP, Role.OWN_C)


def test_where_a_profile_is_silent_nobody_enters() -> None:
    assert SHIPPED["classic"].groups(DoorMode.OPENING, Zone.EVALUATION) == ()
    assert SHIPPED["classic"].groups(DoorMode.CLEAR, Zone.OPENING) == ()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('separated = [["EXP", "AGENT"]]', "'AGENT' is no role"),
        ('separated = [["EXP"]]', "a pair has two different roles, this has EXP"),
        ('separated = [["EXP", "EXP"]]', "a pair has two different roles, this has EXP, EXP"),
        ('[mode.party]\nZ1 = ["BID"]', "mode.party: no such mode"),
        ('[mode.clear]\nZ1 = ["BID"]', "mode.clear: no such mode"),
        ('[mode.lockdown]\nZ1 = ["BID"]', "mode.lockdown: no such mode"),
        ('[mode.opening]\nZ77 = ["BID"]', "mode.opening.Z77: no such zone"),
        ('[mode.opening]\nZ6 = ["BID"]', "BID is never admitted to Z6 (I1); remove it"),
        ('[mode.opening]\nZ1 = ["EXP"]', "EXP is never admitted to Z1 (I1); remove it"),
        ('[mode.intake]\nZ7 = ["EXP", "OWN"]', "EXP and OWN must never meet"),
        ('separated = [["SUP", "WIT"]]\n[mode.duty]\nZ9 = ["SUP", "WIT"]', "must never meet; remove one of them"),
        ('[mode.inquiry]\n"Z7.left" = ["BID"]', "mode.inquiry.Z7.left: no such side; sides: committee, parties"),
        ('[mode.inquiry]\n"Z5.committee" = ["EXP"]', "Z5 has no sides; write Z5 alone"),
        ('[mode.inquiry]\n"Z7.committee" = ["OWN"]', "OWN must never meet EXP, whose side this is (I7)"),
        ('[mode.inquiry]\n"Z7.parties" = ["BID", "EXP"]', "EXP must never meet BID, whose side this is (I7)"),
        ('seating = "floor"', "seating: Input should be 'room' or 'seat'"),
        ('checkout = ["OWNER"]', "checkout: 'OWNER' is no role"),
        ('checkout = ["EXP"]', "checkout: EXP is never admitted to Z1"),
        ('[escort.Z99]\nSTF = ["SUP"]', "escort.Z99: no such zone"),
        ('[escort.Z5]\nSTAFF = ["SUP"]', "escort.Z5: 'STAFF' is no role"),
        ('[escort.Z5]\nSTF = ["BOSS"]', "escort.Z5.STF: 'BOSS' is no role"),
        ("[escort.Z5]\nSTF = []", "escort.Z5.STF: name one or more other roles"),
        ('[escort.Z5]\nSTF = ["STF"]', "escort.Z5.STF: name one or more other roles"),
        ('[escort.Z5]\nEXP = ["OWN"]', "escort.Z5.EXP: EXP and OWN must never meet"),
        ('[escort.Z5]\nSTF = ["SUP"]\n[mode.release]\nZ5 = ["STF"]', "in mode release nobody of SUP may enter Z5 alone"),
        ('[escort.Z5]\nSTF = ["SUP"]\nSUP = ["STF"]\n[mode.release]\nZ5 = ["STF", "SUP"]', "nobody of SUP may enter Z5 alone"),
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
    "body",
    [
        "separated = 3",
        "checkout = 3",
        "seating = 3",
        "escort = 3",
        "[escort.Z5]\nSTF = 3",
        "separated = [3]",
        "mode = 3",
        "[mode]\nopening = 3",
        "[mode.opening]\nZ1 = 3",
        "id = 3",
        "rooms = 3",
    ],
)
def test_a_value_of_the_wrong_kind_is_told(body: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile((HEAD if "id" not in body else 'zh = "a"\nen = "b"\n') + body, "p.toml")
    assert str(caught.value).startswith("p.toml: ")


def test_separation_does_not_ask_who_is_named_first() -> None:
    assert pair(Role.EXP, Role.BID) == pair(Role.BID, Role.EXP)
