"""The venue's coordinator: lots and scenes, signed door policies, the journal, the evidence, the trading platform."""
