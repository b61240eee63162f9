"""The gateway's stage serves here, too: its folder is where its modules are found."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "gateway"))
