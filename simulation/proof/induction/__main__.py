"""`python -m simulation.proof.induction`."""

import sys

from simulation.proof.induction.command import main

sys.exit(main(sys.argv[1:]))
