"""Plays the journal of a real run through the shipping decisions: whatever happened must be something that they allow."""

from simulation.proof.replay.check import replay
from simulation.proof.replay.lines import Finding, Line

__all__ = ["Finding", "Line", "replay"]
