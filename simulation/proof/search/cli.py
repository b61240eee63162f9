"""`python -m simulation.proof.search`: search the shipping code, and show that the search would find what is wrong."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from simulation.proof.search.mutants import MUTANTS, Mutant
from simulation.proof.search.scopes import SCOPES, Scope
from simulation.proof.search.search import Found, Search

# What the searches must have seen happen, or they prove nothing.
KINDS = frozenset({
    "ask", "report", "late", "policy", "lease", "expiry", "badge", "pulse", "pull", "leave", "stay", "shut", "lapse", "flee", "fire",
    "force", "crash", "unseen", "open", "release", "sweep", "theft", "restore", "refused approval", "gateway crash",
})  # fmt: skip
DEEPER = 1  # policies more in each scope: a minute and a million states


def main(argv: list[str]) -> int:
    """0: every law holds in every state, and every mutant was killed; 1: not so; 2: bad usage."""
    options = _options(argv)
    if options is None:
        return 2
    scopes = [scope for scope in chosen(options.scope) if options.deep or options.scope or not scope.nightly]
    found = [Search(deepened(scope) if options.deep else scope).run() for scope in scopes]
    unseen = never_seen(found) if not options.scope else frozenset()
    killed = [(mutant, kill(mutant)) for mutant in MUTANTS] if options.mutants else []
    if options.json:
        print(json.dumps(_as_json(found, unseen, killed), ensure_ascii=False, indent=1))
    else:
        _tell(found, unseen, killed, stories=options.stories)
    return 0 if all(f.holds for f in found) and not unseen and all(f.broken for _, f in killed) else 1


def chosen(name: str | None) -> tuple[Scope, ...]:
    """The scope of a name, or all."""
    return tuple(scope for scope in SCOPES if name in (None, scope.name))


def deepened(scope: Scope) -> Scope:
    """The same question with a longer day, unless its day is long already."""
    return scope if scope.nightly else replace(scope, signed=scope.signed + DEEPER)


def kill(mutant: Mutant) -> Found:
    """Search for the story of a mutant."""
    (scope,) = chosen(mutant.scope)
    with mutant.in_force():
        return Search(scope, remember=mutant.remember).run()


def never_seen(found: Iterable[Found]) -> frozenset[str]:
    """The kinds of events that happened in none of the searches."""
    return KINDS - sum((f.kinds for f in found), Counter[str]()).keys()


def _options(argv: list[str]) -> argparse.Namespace | None:
    parser = argparse.ArgumentParser(
        prog="bidhall prove search",
        description="穷举网关与门的真实代码 Search every interleaving of the shipping gateway and door code for a broken law",
    )
    parser.add_argument("--scope", choices=[scope.name for scope in SCOPES], help="只查一题 one question alone")
    parser.add_argument("--deep", action="store_true", help="每题多签一份策略,状态逾百万 one policy more each, beyond a million states")
    parser.add_argument("--mutants", action="store_true", help="逐一去掉协议的一步,必须被发现 leave out each step of the protocol in turn")
    parser.add_argument("--stories", action="store_true", help="列出每个变异的最短经过 tell each mutant's shortest story")
    parser.add_argument("--json", action="store_true", help="以 JSON 输出 print results as JSON")
    try:
        return parser.parse_args(argv)
    except SystemExit as end:
        if end.code == 0:
            sys.exit(0)
        return None


def _tell(found: list[Found], unseen: frozenset[str], killed: list[tuple[Mutant, Found]], *, stories: bool) -> None:
    print("问题 question           状态 states  转移 transitions  秒 s")
    for f in found:
        (scope,) = chosen(f.scope)
        print(f"{f.scope:<22} {f.states:>10,} {f.transitions:>13,} {f.seconds:>9.1f}  {scope.zh} {scope.en}")
        if f.broken:
            print(f"  不成立 DOES NOT HOLD: {f.broken}")
            _story(f)
    states, transitions, seconds = (sum(v) for v in zip(*((f.states, f.transitions, f.seconds) for f in found), strict=True))
    verdict = "成立 holds" if all(f.holds for f in found) else "不成立 does not hold"
    print(f"{verdict}: {states:,} states, {transitions:,} transitions, {seconds:.1f} s")
    if unseen:
        print(f"从未发生 never happened, so this proves nothing: {', '.join(sorted(unseen))}")
    for mutant, f in killed:
        fate = f"{len(f.story)} 步 steps: {f.broken}" if f.broken else "未被发现 SURVIVES: the step is not needed, or nobody looked"
        print(f"{mutant.name:<15} {mutant.zh} {mutant.en}\n                → {fate}")
        if stories:
            _story(f)
    if killed:
        print(f"变异 mutants: {sum(f.broken is not None for _, f in killed)} of {len(killed)} killed")


def _story(found: Found) -> None:
    for number, line in enumerate(found.story, start=1):
        print(f"    {number:>2}. {line}")


def _as_json(found: list[Found], unseen: frozenset[str], killed: list[tuple[Mutant, Found]]) -> dict[str, Any]:
    return {
        "holds": all(f.holds for f in found) and not unseen,
        "states": sum(f.states for f in found),
        "transitions": sum(f.transitions for f in found),
        "seconds": round(sum(f.seconds for f in found), 2),
        "searches": [_found(f) for f in found],
        "never_happened": sorted(unseen),
        "mutants": [
            {"name": m.name, "zh": m.zh, "en": m.en, "killed": f.broken is not None, "steps": len(f.story), **_found(f)} for m, f in killed
        ],
    }


def _found(found: Found) -> dict[str, Any]:
    return {
        "scope": found.scope, "holds": found.holds, "states": found.states, "transitions": found.transitions,
        "seconds": round(found.seconds, 2), "kinds": dict(found.kinds), "broken": found.broken, "story": list(found.story),
    }  # fmt: skip
