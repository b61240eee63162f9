"""`python -m simulation.proof.replay`."""

import sys

from simulation.proof.replay.cli import main

sys.exit(main(sys.argv[1:]))
