"""The separation protocol, searched state by state over the real gateway and edge cores; every lapse must lead to a story."""

from simulation.proof.search.cli import main

__all__ = ["main"]
