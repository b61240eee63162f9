"""The only I/O in `venue_model`: checks that people run on files."""
