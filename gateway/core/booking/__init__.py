"""Rooms and hours: who has which room when, what cannot be at one time, and what the clock does by itself.  Pure."""
