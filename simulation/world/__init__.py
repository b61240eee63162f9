"""Whole venue-days in virtual time over the real gateway, the real agents, wire bytes and SQLite: one seed, one trace."""
