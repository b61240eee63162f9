"""The people of a simulated day: who they are, how they find their way, what they do right and what they do wrong."""

from simulation.crowd.lots import draw_lots, phone_key
from simulation.crowd.populate import populate

__all__ = ["draw_lots", "phone_key", "populate"]
