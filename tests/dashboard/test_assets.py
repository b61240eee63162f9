"""What the dashboard's files promise, checked without a browser: lock, catalogues, types, sizes, no foreign addresses."""

import gzip
import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "dashboard"
SOURCES = DASHBOARD / "src"
STATIC = DASHBOARD / "static"
ENTRY_BUDGET_BYTES = 60_000  # gzip; what a hall computer loads before it shows anything
CJK = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
PLACEHOLDER = re.compile(r"\{(\w+)\}")
# Names of XML vocabularies look like addresses, and Svelte's runtime names pages of its manual in messages: nobody fetches them.
NO_REQUESTS = ("http://www.w3.org/", "https://svelte.dev/e/")

built = pytest.mark.skipif(not (STATIC / "index.html").is_file(), reason="the pages are not built; run make dashboard")


def catalogue(name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((SOURCES / "lib" / name).read_text("utf-8"))
    return found


def test_the_lock_file_works_with_any_registry() -> None:
    text = (DASHBOARD / "package-lock.json").read_text("utf-8")
    assert '"resolved":' not in text and "://registry" not in text, "run npm install in dashboard/: its .npmrc omits the addresses"
    assert '"integrity":' in text


def test_english_says_everything_that_chinese_says() -> None:
    chinese, english = catalogue("zh-CN.json"), catalogue("en.json")
    assert chinese.keys() == english.keys()
    assert all(set(PLACEHOLDER.findall(chinese[key])) == set(PLACEHOLDER.findall(english[key])) for key in chinese)
    assert not [key for key, words in [*chinese.items(), *english.items()] if not words.strip()]


def test_all_words_are_in_the_catalogue() -> None:
    strays = [
        f"{path.relative_to(DASHBOARD)}:{number}: {line.strip()}"
        for path in sorted(SOURCES.rglob("*"))
        if path.suffix in (".svelte", ".ts", ".css")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if CJK.search(line)
    ]
    assert not strays, "move these words to src/lib/zh-CN.json and en.json:\n" + "\n".join(strays)


def test_every_word_of_the_catalogue_is_used() -> None:
    code = "\n".join(path.read_text("utf-8") for path in SOURCES.rglob("*") if path.suffix in (".svelte", ".ts"))
    families = {key.split("${")[0] for key in re.findall(r"`([a-z.-]+\.\$\{)", code)}
    unused = [key for key in catalogue("zh-CN.json") if f'"{key}"' not in code and not any(key.startswith(family) for family in families)]
    assert not unused


@pytest.mark.skipif(not (DASHBOARD / "node_modules").is_dir(), reason="needs the packages of make dashboard")
def test_the_types_are_those_of_the_api(tmp_path: Path) -> None:
    fresh = tmp_path / "api.d.ts"
    subprocess.run(["sh", str(ROOT / "scripts" / "openapi.sh"), str(fresh)], check=True, timeout=60)
    committed = (SOURCES / "lib" / "api.d.ts").read_text("utf-8")
    assert fresh.read_text("utf-8") == committed, "run sh scripts/openapi.sh and mend what no longer fits"


class _Page(HTMLParser):
    """The files that a page names, and whether any of its scripts stands in the page itself."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []
        self.inline = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        source = given.get("src") or (given.get("href") if tag == "link" else None)
        if source:
            self.files.append(source)
        self.inline += tag == "script" and not given.get("src")


def page() -> _Page:
    found = _Page()
    found.feed((STATIC / "index.html").read_text("utf-8"))
    return found


@built
def test_the_first_load_is_small() -> None:
    entry = [STATIC / "index.html", *(STATIC / name.lstrip("/") for name in page().files)]
    size = sum(len(gzip.compress(path.read_bytes(), 9)) for path in entry)
    assert len(entry) >= 3
    assert size <= ENTRY_BUDGET_BYTES, f"{size} bytes gzip; load what few people need with import()"


@built
def test_the_page_keeps_to_itself() -> None:
    assert page().inline == 0, "the content security policy forbids scripts in the page"
    assert all(name.startswith("/") and not name.startswith("//") for name in page().files)
    foreign = [
        f"{path.name}: {address}"
        for path in STATIC.rglob("*")
        if path.suffix in (".js", ".css", ".html", ".svg")
        for address in re.findall(r"""(?:https?|wss?):?//[\w.-]+[^\s"'`)]*""", path.read_text("utf-8"))
        if not address.startswith(NO_REQUESTS)
    ]
    assert not foreign


@built
def test_assets_carry_their_hash() -> None:
    names = [path.name for path in (STATIC / "assets").iterdir()]
    assert names and all(re.fullmatch(r"[\w.]+-[\w-]{8}\.(js|css)", name) for name in names), names
