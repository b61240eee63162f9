"""A stand-in trading platform: a process of its own that speaks the REST interface, remembers, and misbehaves on request."""
