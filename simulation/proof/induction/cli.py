"""`python -m simulation.proof.induction`: tries the proof for the given numbers of doors, and each mutant of it."""

import argparse
import json
import sys
from dataclasses import asdict

from simulation.proof.induction.prove import Proof, prove
from simulation.proof.induction.rules import MUTANTS
from simulation.proof.induction.system import ProofError

DOORS = (1, 2, 8)
MUTANT_DOORS = 2


def main(argv: list[str]) -> int:
    """0 when the rules are proven and every mutant is not, 1 otherwise, 2 on bad usage."""
    parser = argparse.ArgumentParser(
        prog="python -m simulation.proof.induction", description="归纳证明隔离协议 proves the separation protocol by induction with z3"
    )
    parser.add_argument("--doors", type=int, nargs="+", default=DOORS, metavar="N", help="门数 doors of the domain (default: 1 2 8)")
    parser.add_argument("--mutants", action="store_true", help="同时检验每条规则不可缺 also try the rules with one left out, each in turn")
    parser.add_argument("--json", action="store_true", help="输出JSON print the results as JSON")
    options = parser.parse_args(argv)
    if min(options.doors) < 1:
        print(f"--doors {min(options.doors)}: a domain has at least one door", file=sys.stderr)
        return 2
    say = _quiet if options.json else print
    proofs, mutants = [], []
    try:
        for doors in options.doors:
            proofs.append(prove(doors))
            say(_words(proofs[-1]))
        for mutant in MUTANTS if options.mutants else ():
            mutants.append(prove(MUTANT_DOORS, mutant))
            say(_mutant_words(mutants[-1]))
    except ProofError as error:
        print(f"induction: {error}", file=sys.stderr)
        return 2
    holds = all(proof.holds for proof in proofs) and not any(mutant.holds for mutant in mutants)
    if options.json:
        print(json.dumps({"holds": holds, "proofs": [asdict(p) for p in proofs], "mutants": [asdict(m) for m in mutants]}, indent=1))
    return 0 if holds else 1


def _quiet(text: str) -> None:
    """Nothing but the JSON goes to standard output."""


def _words(proof: Proof) -> str:
    doors = f"{proof.doors} 个门 {'doors' if proof.doors > 1 else 'door'}"
    if proof.holds:
        return f"{doors}: 成立 proven, {proof.steps} transitions, {proof.seconds:.2f} s"
    return "\n".join([f"{doors}: 不成立 not proven, {proof.seconds:.2f} s", *(f"  {b.step}: {b.clause} ({b.why})" for b in proof.broken)])


def _mutant_words(proof: Proof) -> str:
    found = "未发现 NOT FOUND" if proof.holds else ", ".join(dict.fromkeys(f"{b.step!r}" for b in proof.broken))
    return f"  {proof.mutant:<20} {MUTANTS[proof.mutant]}: {found}, {proof.seconds:.2f} s"
