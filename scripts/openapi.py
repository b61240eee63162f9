"""Writes docs/openapi.json (or the file named): the HTTP API for tools, from the routes themselves."""

import json
import sys
from pathlib import Path
from typing import Any, cast

from gateway.api.app import make_app
from gateway.api.services import Services


def text() -> str:
    """As it is committed.  Routes are declared without a venue: no request is ever made of this application."""
    document: dict[str, Any] = make_app(cast(Services, None), None).openapi()
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "docs" / "openapi.json"
    target.write_text(text(), "utf-8")
