"""The stage: a whole venue on this machine, on real parts, with virtual hardware on the far side of the wires."""
