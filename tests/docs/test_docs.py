"""The engineer's pages say what the code says: words, laws, topics, fields and commands."""

import dataclasses
import importlib
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import bidhall
import edge.core
import gateway
import venue_model
from venue_model import wire
from venue_model.ids import VenueId
from venue_model.rules import RULES
from venue_model.session import agent_reads, agent_writes

ROOT = Path(bidhall.__file__).parent
DOCS = ROOT / "docs"
GLOSSARY, LAWS, WIRE = ((DOCS / f"{name}.md").read_text("utf-8") for name in ("glossary", "laws", "wire"))
README = (ROOT / "README.md").read_text("utf-8")
FOUR = ("Apart", "Out", "Never more", "Nothing lost silently")


def word_lists() -> Iterator[type[StrEnum]]:
    """The enumerations of the domain: the shared words, the gateway's, and the agent's decisions."""
    for package in (venue_model, gateway, edge.core):
        folder = Path(package.__path__[0])
        for path in sorted(folder.rglob("*.py")):
            if "class " not in (text := path.read_text("utf-8")) or "(StrEnum)" not in text:
                continue
            module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            named = (value for value in vars(module).values() if isinstance(value, type) and issubclass(value, StrEnum))
            yield from (words for words in named if words.__module__ == module.__name__)


def dataclasses_of(kind: Any) -> set[type[Any]]:
    """A message and everything that it is made of."""
    found: set[type[Any]] = set()
    waiting = [kind]
    while waiting:
        one = waiting.pop()
        if isinstance(one, type) and dataclasses.is_dataclass(one):
            if one not in found:
                found.add(one)
                waiting += get_type_hints(one).values()
        else:
            waiting += get_args(one)
    return found


MESSAGES = sorted({part for kind in get_args(wire.Message) for part in dataclasses_of(kind)}, key=lambda c: c.__name__)


def section(text: str, title: str, level: str = "##") -> str:
    found = re.search(rf"^{level} {re.escape(title)}\b.*?$(.*?)(?=^{level[:2]}|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"there is no section {title}"
    return found[0]


@pytest.mark.parametrize("words", list(word_lists()), ids=lambda c: f"{c.__module__}.{c.__name__}")
def test_every_word_of_an_enumeration_is_in_the_glossary_with_its_value(words: type[StrEnum]) -> None:
    rows = [line for line in GLOSSARY.splitlines() if line.startswith(f"| `{words.__name__}.")]
    for member in words:
        value = f"`{member.value}`" if member.value else "(empty)"
        [row] = [r for r in rows if r.startswith(f"| `{words.__name__}.{member.name}` | {value} |")]
        _, _, _, chinese, english, _ = row.split("|")
        assert re.search(r"[\u4e00-\u9fff]", chinese) and english.strip(), row


def test_the_glossary_holds_no_word_that_the_code_has_lost() -> None:
    known = {f"{words.__name__}.{member.name}" for words in word_lists() for member in words}
    listed = re.findall(r"^\| `(\w+\.[A-Z_]+)` \|", GLOSSARY, re.MULTILINE)
    assert set(listed) <= known


def test_every_reason_for_a_refusal_is_in_the_glossary_in_the_words_of_the_door() -> None:
    rows = section(GLOSSARY, "拒绝原因").splitlines()
    for rule in RULES.values():
        assert f"| `{rule.code}` | {rule.zh} | {rule.en} | {rule.because} |" in rows
    assert len([row for row in rows if row.startswith("| `")]) == len(RULES)


@pytest.mark.parametrize("law", [*FOUR, *(f"I{n}" for n in range(1, 16))])
def test_every_law_says_its_state_where_it_is_held_and_what_shows_it(law: str) -> None:
    text = section(LAWS, law)
    state = re.search(r"– (holds|in part|not yet)$", text.splitlines()[0])
    assert state is not None, "a law says whether it holds"
    if state[1] != "not yet":
        assert re.search(r"`tests/[a-z_/]+\.py`", text), "a law that holds names the test that shows it"
    if state[1] == "holds" and law != "I11":
        assert re.search(r"`(edge|gateway|venue_model)/[a-z_/]+\.py`", text), "a law that holds names the code that holds it"


def test_every_law_that_a_door_refuses_by_holds() -> None:
    for code in RULES:
        if re.fullmatch(r"I\d+", code):
            assert section(LAWS, code).splitlines()[0].endswith("– holds"), code


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda p: p.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    tops = "tests|edge|gateway|venue_model|simulation|firmware_configs|docs"
    for name in re.findall(rf"`((?:{tops})/[\w./-]+\.(?:py|md|toml|service))`", text):
        assert (ROOT / name).is_file(), f"{page.name} names {name}"
    for name in re.findall(r"\]\((?!https?:|#)([\w./-]+)\)", text):
        assert (page.parent / name).exists(), f"{page.name} links to {name}"


def test_every_topic_is_on_the_page_with_its_message() -> None:
    topics = wire.Topics(VenueId("v"))
    full = {*agent_reads(topics, "a"), *agent_writes(topics, "a")}
    rows = section(WIRE, "Topics")
    for topic in full:
        leaf = topic.removeprefix(f"{topics.root}/").replace("agent/a/", "agent/{agent}/").replace("room/+/", "room/{room}/")
        assert f"| `{leaf}` |" in rows
    for message in get_args(wire.Message):
        assert re.search(rf"\| {message.__name__} \|$", rows, re.MULTILINE), message.__name__


@pytest.mark.parametrize("message", MESSAGES, ids=lambda c: c.__name__)
def test_every_field_of_a_message_is_on_the_page_and_no_other(message: type[Any]) -> None:
    listed = re.findall(r"^\| `(\w+)` \| .+ \|$", section(WIRE, message.__name__, "###"), re.MULTILINE)
    assert listed == [field.name for field in dataclasses.fields(message)]


def test_the_limits_on_the_page_are_those_of_the_code() -> None:
    assert f"{wire.MAX_BYTES} bytes" in WIRE
    for code in (wire.APPLIED, wire.ACCEPTED, wire.STALE, wire.EXPIRED, wire.INTERLOCK, wire.UNSUPPORTED, wire.OVERRIDDEN, wire.FAULT):
        assert str(code) in section(WIRE, "DeviceReport", "###")


@pytest.mark.parametrize("command", sorted(bidhall.COMMANDS))
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"`bidhall {command}" in README
