"""`python -m simulation.proof.induction`."""

import sys

from simulation.proof.induction.cli import main

sys.exit(main(sys.argv[1:]))
