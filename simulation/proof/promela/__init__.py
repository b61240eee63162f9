"""A second, independent model of the separation protocol, checked by Spin: `python -m simulation.proof.promela`."""
