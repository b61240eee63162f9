import sys

from simulation.proof.search.cli import main

sys.exit(main(sys.argv[1:]))
