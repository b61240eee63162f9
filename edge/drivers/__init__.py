"""Drivers: the only code that touches a device.  Each is one class that satisfies a Protocol of `protocols.py`."""
