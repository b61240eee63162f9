"""The exact bytes under each signature: pinned here, because a changed byte locks every door of every venue."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from venue_model import signing
from venue_model.canonical import EXACT_LIMIT, canonical_bytes
from venue_model.door_policy import ComponentPolicy, Elsewhere, Pass, PolicyBody
from venue_model.groups import Role
from venue_model.ids import BoardId, ComponentId, DoorId, LotId, PersonKey, VenueId
from venue_model.profiles import DoorMode
from venue_model.signed import ack_bytes, approval_bytes, exact, policy_bytes, pulse_bytes
from venue_model.wire import SignedPolicy, decode, encode

PASS = Pass("ab", PersonKey("p1"), Role.EXP, LotId("L1"), 0, 2**62, window=True, authorised_utc_ns=1_800_000_000_000_000_001)
POLICY = ComponentPolicy(ComponentId("e1"), 1, 2, DoorMode.INTAKE, (Role.EXP,), False, (PASS,))
BODY = PolicyBody(VenueId("v"), BoardId("b"), 3, 4, 1_800_000_000_000_000_000, 60, "00ff", (POLICY,), (Elsewhere("cd", Role.BID),))


def test_the_bytes_of_a_policy_are_pinned() -> None:
    assert policy_bytes(BODY).decode() == (
        '{"agent":"b","components":[{"approved":[],"component":"e1","epoch":2,"groups":["EXP"],"mode":"intake","passes":'
        '[{"authorised_utc_ns":"1800000000000000001","digest":"ab","from_utc_ns":0,"group":"EXP","locker":false,"lot":"L1",'
        '"once":false,"person":"p1","until_utc_ns":"4611686018427387904","window":true}],"seal":false,"term":1}],'
        '"elsewhere":[{"digest":"cd","group":"BID"}],"issued_utc_ns":"1800000000000000000","lease_s":60,"renewal":4,'
        '"salt":"00ff","session":3,"venue":"v"}'
    )


@given(st.lists(st.tuples(st.integers(1, 3), st.booleans(), st.integers(1, 2), st.sampled_from(["ab", "ef"])), max_size=8))
def test_a_policy_is_signed_by_its_own_bytes_whatever_was_signed_before(
    signed: list[tuple[int, bool, int, str]],
) -> None:
    for epoch, seal, renewal, digest in signed:
        policy = replace(POLICY, epoch=epoch, seal=seal, passes=(replace(PASS, digest=digest),))
        body = replace(BODY, components=(policy,), renewal=renewal, elsewhere=(Elsewhere(digest, Role.BID),))
        text = json.loads(policy_bytes(body))
        assert (text["renewal"], text["elsewhere"][0]["digest"]) == (renewal, digest)
        [told] = text["components"]
        assert (told["epoch"], told["seal"], told["passes"][0]["digest"]) == (epoch, seal, digest)
        assert canonical_bytes(text) == policy_bytes(body)


def test_the_bytes_of_an_approval_and_of_an_acknowledgement_are_pinned() -> None:
    assert approval_bytes(VenueId("v"), ComponentId("e1"), 1, "release", 9).decode() == (
        '{"act":"release","component":"e1","epoch":9,"kind":"bidhall-approval-1","term":1,"venue":"v"}'
    )
    assert ack_bytes(BoardId("b"), "j1", 12).decode() == '{"agent":"b","journal":"j1","kind":"bidhall-ack-1","through":12}'


def test_a_policy_that_went_over_the_wire_is_signed_by_the_same_bytes() -> None:
    key = bytes(range(32))
    sent = SignedPolicy(BODY, signing.sign(key, policy_bytes(BODY)).hex())
    arrived = decode(SignedPolicy, encode(sent))
    assert arrived == sent
    public, signature = signing.public_key_of(key), bytes.fromhex(arrived.signature)
    assert signing.verifies(public, policy_bytes(arrived.body), signature)
    assert not signing.verifies(public, policy_bytes(replace(arrived.body, session=5)), signature)


def test_a_field_of_a_later_release_is_signed_only_when_it_says_something() -> None:
    guest = replace(POLICY, passes=(replace(PASS, escort=(Role.SUP,)),), limit=5)
    signed = policy_bytes(replace(BODY, components=(guest,)))
    assert b'"escort":["SUP"]' in signed and b'"limit":5' in signed and b'"others"' not in signed
    assert b"escort" not in policy_bytes(BODY)


def test_no_signature_fits_another_kind_of_act() -> None:
    every = [
        policy_bytes(BODY),
        approval_bytes(VenueId("v"), ComponentId("e1"), 1, "release", 9),
        approval_bytes(VenueId("v"), ComponentId("e1"), 1, "open", 9),
        approval_bytes(VenueId("v"), ComponentId("e1"), 2, "release", 9),
        approval_bytes(VenueId("v"), ComponentId("e2"), 1, "release", 9),
        ack_bytes(BoardId("b"), "j1", 9),
        ack_bytes(BoardId("b"), "j2", 9),
        pulse_bytes(BoardId("b"), DoorId("d"), "c", 9),
        pulse_bytes(BoardId("b"), DoorId("d"), "c2", 9),
    ]
    assert len(set(every)) == len(every)


@given(st.integers())
def test_every_integer_has_exact_bytes_of_its_own(number: int) -> None:
    text = canonical_bytes(exact({"n": number})).decode()
    assert text == (f'{{"n":{number}}}' if abs(number) <= EXACT_LIMIT else f'{{"n":"{number}"}}')


@given(st.binary(), st.binary(), st.binary())
def test_malformed_keys_and_signatures_are_a_no_and_not_a_crash(key: bytes, message: bytes, signature: bytes) -> None:
    assert signing.verifies(key, message, signature) is False
