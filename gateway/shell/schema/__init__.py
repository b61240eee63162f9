"""Numbered schema files, applied in order, never edited after a release."""
