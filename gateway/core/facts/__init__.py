"""What others are told of the venue: replay of the export, time in seats, conduct, reports.  Pure."""
