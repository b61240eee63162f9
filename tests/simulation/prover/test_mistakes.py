"""Mistakes that people make in venue files: each is found by name, and told as a story."""

import json
from pathlib import Path
from typing import Any

import pytest
from mistakes import MISTAKES, Mistake

from simulation.prover.cli import main


def check(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    path = tmp_path / "county.toml"
    path.write_text(text, "utf-8")
    code = main([str(path), "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.what)
def test_the_mistake_is_named_with_its_place(mistake: Mistake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = check(mistake.text, tmp_path, capsys)
    assert (code, said["holds"]) == (1, False)
    [problem] = [p for p in said["problems"] if (p["rule"], p["place"]) == (mistake.rule, mistake.place)]
    assert problem["fault"] and problem["remedy"]
    assert problem["text"].startswith(f"county.toml: {mistake.place}: ")
    assert len(said["problems"]) <= 3, "one mistake does not drown the reader"
