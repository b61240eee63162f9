"""What waits while the link is away."""

from hypothesis import given
from hypothesis import strategies as st

from venue_model.backlog import Backlog, Outgoing

messages = st.builds(Outgoing, st.sampled_from(["a", "b", "c"]), st.binary(max_size=2), st.booleans())


def drain(backlog: Backlog) -> list[Outgoing]:
    out = []
    while (message := backlog.pop()) is not None:
        out.append(message)
    return out


@given(st.lists(messages))
def test_every_act_comes_out_in_order_and_of_each_state_only_the_latest(sent: list[Outgoing]) -> None:
    backlog = Backlog()
    for message in sent:
        backlog.add(message)
    got = drain(backlog)
    assert [message for message in got if not message.retain] == [message for message in sent if not message.retain]
    latest = {message.topic: message for message in sent if message.retain}
    assert {message.topic: message for message in got if message.retain} == latest
    assert len(got) == len(latest) + sum(not message.retain for message in sent)
    assert len(backlog) == 0


@given(st.lists(messages, max_size=8), st.lists(messages, max_size=8))
def test_what_was_under_way_goes_first_unless_it_was_overtaken(under_way: list[Outgoing], later: list[Outgoing]) -> None:
    backlog = Backlog()
    for message in later:
        backlog.add(message)
    backlog.put_back(under_way)
    together = Backlog()
    for message in (*under_way, *later):
        together.add(message)
    assert drain(backlog) == drain(together)


@given(st.lists(messages))
def test_it_never_holds_more_than_its_limits_and_counts_what_it_lost(sent: list[Outgoing]) -> None:
    backlog = Backlog(retained_limit=2, passing_limit=3)
    free = Backlog()
    for message in sent:
        backlog.add(message)
        free.add(message)
    got, wanted = drain(backlog), drain(free)
    assert sum(message.retain for message in got) <= 2
    acts = [message for message in wanted if not message.retain]
    assert [message for message in got if not message.retain] == acts[-3:]


def test_a_lost_state_is_counted() -> None:
    backlog = Backlog(retained_limit=1)
    backlog.add(Outgoing("a", b"", retain=True))
    backlog.add(Outgoing("b", b"", retain=True))
    assert backlog.dropped == 1
    assert drain(backlog) == [Outgoing("b", b"", retain=True)]
