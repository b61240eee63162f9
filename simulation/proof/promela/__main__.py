"""`python -m simulation.proof.promela`."""

import sys

from simulation.proof.promela.cli import main

sys.exit(main(sys.argv[1:]))
