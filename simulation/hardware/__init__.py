"""Virtual hardware: the far side of the wire.  It speaks the real protocols, with honest delays, bounce and faults."""
