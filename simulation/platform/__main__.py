"""`python -m simulation.platform --port 0 --data DIR --token T`: run the stand-in until it is told to stop.

Prints one line of JSON, {"url": …}, when it answers.
"""

import argparse
import asyncio
import json
import socket
import sys
from pathlib import Path

import uvicorn

from simulation.platform.app import make_app
from simulation.platform.book import Book, BookError


def main() -> int:
    """The process.  Exit 2 for a port or a file that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m simulation.platform", description="stand-in trading platform 模拟交易平台")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0: any free one")
    parser.add_argument("--data", type=Path, required=True, help="folder for platform.json")
    parser.add_argument("--token", required=True, help="shared with the gateway")
    options = parser.parse_args()
    try:
        book = Book(options.data / "platform.json")
    except BookError as error:
        print(f"stand-in platform: {error}", file=sys.stderr)
        return 2
    try:
        listener = socket.create_server(("127.0.0.1", options.port))
    except OSError as error:
        print(f"stand-in platform: port {options.port}: {error.strerror}; choose another, or 0", file=sys.stderr)
        return 2
    with listener:
        asyncio.run(_serve(book, options.token, listener))
    return 0


async def _serve(book: Book, token: str, listener: socket.socket) -> None:
    config = uvicorn.Config(make_app(book, token), log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    # The socket listens already, so a client that reads this line and calls at once is queued, not refused.
    print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
    await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
