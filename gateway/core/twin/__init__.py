"""Device twins: what each device should be and what it says it is, who flaps, and how programs and records reach boards.  Pure."""
