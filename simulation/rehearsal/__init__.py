"""Tomorrow, rehearsed: the bookings played through in virtual time, and what staff should change before anybody comes."""

from simulation.rehearsal.bookings import BookingsError, read_bookings
from simulation.rehearsal.rehearse import rehearse
from simulation.rehearsal.report import Report
from simulation.rehearsal.summarise import summarise
from simulation.rehearsal.words import report_text

__all__ = ["BookingsError", "Report", "read_bookings", "rehearse", "report_text", "summarise"]
