"""`python -m simulation.proof.promela`: checks the model, and each mutant of it."""

import argparse
import json
import sys
from dataclasses import asdict

from simulation.proof.promela.spin import Checked, SpinError, check

EPOCHS = 3
_APART = {"EPOCHS": "3", "RESTORES": "0", "SEALS": "false"}
_SEAL = {"EPOCHS": "2", "RESTORES": "0"}

# Mutant → the smallest search that shows it, and how deep.  What each leaves out is said at its `#ifdef` in the model.  The stories that
# end badly are short, and without a bound a search goes astray in long ones first; where in the tree each lies is the search's affair,
# so that the bounds were found by trying.
MUTANTS: dict[str, tuple[dict[str, str], int]] = {
    "NO_CLEAR": (_APART, 400),
    "NO_REPORTS": (_APART, 300),
    "OLD_REPORT": (_APART, 300),
    "UNSETTLED": (_APART, 300),
    "NO_COUNT": (_APART, 300),
    "FORGET_RESIDUAL": ({**_APART, "EPOCHS": "5"}, 400),
    "STALE": (_APART, 1_000),
    "VOLATILE_COUNT": (_APART, 250),
    "VOLATILE_ORDER": (_APART, 300),
    "UNSEEN_FORGOTTEN": (_APART, 250),
    "SAME_TERM": ({**_APART, "EPOCHS": "2", "RESTORES": "1"}, 400),
    "ONE_APPROVER": (_SEAL, 300),
    "BELIEVE": (_SEAL, 300),
    "CLEAR_UNSEALS": (_SEAL, 300),
    "VOLATILE_SEAL": (_SEAL, 300),
    "SEAL_HOLDS": (_SEAL, 300),
    "NO_BREACH": (_SEAL, 300),
    "RESTORED_OPEN": ({"EPOCHS": "1", "RESTORES": "1"}, 300),
}


def main(argv: list[str]) -> int:
    """0 when the model holds and every mutant does not, 1 otherwise, 2 on bad usage or without spin."""
    parser = argparse.ArgumentParser(
        prog="python -m simulation.proof.promela",
        description="独立的第二模型 checks an independent model of the separation protocol with Spin",
    )
    parser.add_argument("--epochs", type=int, default=EPOCHS, metavar="N", help=f"每任期签发次数 policies in a term (default: {EPOCHS})")
    parser.add_argument("--mutants", action="store_true", help="同时检验每条规则不可缺 also try the rules with one left out, each in turn")
    parser.add_argument("--json", action="store_true", help="输出JSON print the results as JSON")
    options = parser.parse_args(argv)
    if options.epochs < 1:
        print(f"--epochs {options.epochs}: must be 1 or more", file=sys.stderr)
        return 2
    results, mutants = [], []
    try:
        for name, defines in searches(options.epochs).items():
            results.append(check(name, defines))
            if not options.json:
                print(_words(results[-1]), flush=True)
        for name in MUTANTS if options.mutants else ():
            mutants.append(mutant(name))
            if not options.json:
                print(_mutant_words(mutants[-1]), flush=True)
    except SpinError as error:
        print(f"promela: {error}", file=sys.stderr)
        return 2
    holds = not any(result.error for result in results) and all(found.error for found in mutants)
    if options.json:
        print(json.dumps({"holds": holds, "searches": [asdict(r) for r in results], "mutants": [asdict(m) for m in mutants]}, indent=1))
    return 0 if holds else 1


def mutant(name: str) -> Checked:
    """Search for what goes wrong with one rule left out."""
    defines, depth = MUTANTS[name]
    return check(name, {**defines, name: ""}, depth)


def searches(epochs: int) -> dict[str, dict[str, str]]:
    """What is searched in full: one term; a restore, with fewer policies in each of its two terms; and a stolen gateway."""
    fewer = max(1, epochs - 2)
    return {
        "one term": {"EPOCHS": str(epochs), "RESTORES": "0"},
        "restore": {"EPOCHS": str(fewer), "RESTORES": "1"},
        "stolen gateway": {"EPOCHS": str(epochs), "RESTORES": "0", "STOLEN": ""},
    }


def _words(result: Checked) -> str:
    size = f"{result.states} states, {result.transitions} transitions, {result.seconds:.1f} s"
    return f"{result.name}: " + (f"不成立 fails: {result.error}; {size}" if result.error else f"成立 holds: {size}")


def _mutant_words(result: Checked) -> str:
    return f"  {result.name:<16} {'发现 found' if result.error else '未发现 NOT FOUND'}, {result.states} states, {result.seconds:.1f} s"
