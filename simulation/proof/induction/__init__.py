"""z3 proves the separation protocol by induction, for any number of people, groups and epochs: `python -m simulation.proof.induction`."""

from simulation.proof.induction.cli import main

__all__ = ["main"]
