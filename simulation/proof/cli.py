"""`bidhall prove`: the proofs of the separation protocol, each by itself or all of them."""

import sys
from collections.abc import Callable

Proof = Callable[[list[str]], int]


def _search(argv: list[str]) -> int:
    from simulation.proof.search.cli import main

    return main(argv)


def _induction(argv: list[str]) -> int:
    from simulation.proof.induction.cli import main

    return main(argv)


def _promela(argv: list[str]) -> int:
    from simulation.proof.promela.cli import main

    return main(argv)


def _replay(argv: list[str]) -> int:
    from simulation.proof.replay.cli import main

    return main(argv)


PROOFS: dict[str, tuple[Proof, str]] = {
    "search": (_search, "穷举网关与门的真实代码  every interleaving of the shipping gateway and door code, and mutants that must die"),
    "induction": (_induction, "归纳证明,人数与纪元不限  z3 induction for any number of people and epochs"),
    "promela": (_promela, "独立的第二模型  a second, independent model, checked by Spin"),
    "replay": (_replay, "重放真实运行的日志  play the journal of a real run through the model: replay FOLDER"),
}


def main(argv: list[str]) -> int:
    """The worst exit status of what was run: 0 holds, 1 does not hold, 2 bad usage."""
    if argv[:1] and argv[0] in PROOFS:
        return PROOFS[argv[0]][0](argv[1:])
    if argv == ["all"]:
        return max(PROOFS[name][0](["--mutants"]) for name in ("search", "induction", "promela"))
    asked = argv[:1] in (["-h"], ["--help"])
    words = [f"  {name:<10} {text}" for name, (_, text) in PROOFS.items()]
    head = "bidhall prove: 分隔协议的证明 the proofs of separation\n\n用法 usage: bidhall prove PROOF [--help] … | bidhall prove all\n"
    print("\n".join([head, *words]), file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2
