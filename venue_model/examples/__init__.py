"""Example venues, loaded by tests and the demo."""
