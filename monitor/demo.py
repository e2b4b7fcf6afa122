"""`monitor demo`: the whole job on the bundled sources, over real HTTP on loopback, without keys and without the internet.

The bundled documents are four states of a small web in October 2023. Each round serves the next state, moves the clock to it and
runs intake, judgement and delivery as the service would.
"""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from monitor import bundled

ROUNDS: tuple[tuple[str, datetime], ...] = (
    ("1-2023-10-17", datetime(2023, 10, 16, 23, 0, tzinfo=UTC)),
    ("2-2023-10-19", datetime(2023, 10, 18, 23, 0, tzinfo=UTC)),
    ("3-2023-10-20", datetime(2023, 10, 20, 10, 0, tzinfo=UTC)),
    ("4-2023-10-25", datetime(2023, 10, 25, 13, 0, tzinfo=UTC)),
)
"""Folder of each state and the moment that it shows."""

_TYPES = {
    ".rss": "application/rss+xml",
    ".atom": "application/atom+xml",
    ".rdf": "application/rdf+xml",
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
}
_NOWHERE = "http://127.0.0.1:9"
"""Where nobody answers: the port of the discard service."""
_EMPTY = b'{"count": 0, "description": "no documents yet"}'


class DemoWeb:
    """Serves the documents as they stood in the current round, with ETag and 304; use `served`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._round = 0
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                web.answer(self)

            def log_message(self, format: str, *arguments: object) -> None:
                del format, arguments

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"

    def show(self, number: int) -> None:
        """Serve the state of a round, 0 for the first."""
        self._round = number

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        """Answer one GET."""
        name = request.path.lstrip("/")
        body = self._document(name)
        if body is None:
            request.send_response(404)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        etag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
        if request.headers.get("If-None-Match") == etag:
            request.send_response(304)
            request.send_header("ETag", etag)
            request.end_headers()
            return
        request.send_response(200)
        request.send_header("Content-Type", _TYPES[Path(name).suffix])
        request.send_header("Content-Length", str(len(body)))
        request.send_header("ETag", etag)
        request.end_headers()
        request.wfile.write(body)

    def _document(self, name: str) -> bytes | None:
        """The newest version up to the current round; a Federal Register answer without results before the first."""
        if "/" in name or Path(name).suffix not in _TYPES:
            return None
        for folder, _ in reversed(ROUNDS[: self._round + 1]):
            path = self._folder / folder / name
            if path.is_file():
                return path.read_bytes()
        return _EMPTY if name.startswith("us-fr-") else None


def configuration() -> str:
    """The demo's feeds.yaml for afterwards: it names the sources where nobody serves them any more."""
    _, _, rest = (bundled.demo() / "feeds.yaml").read_text(encoding="utf-8").partition("\n")
    note = "# The demo's configuration, to look further at its archive. Its sources are served no more: nothing can be fetched.\n"
    return (
        note
        + rest.replace("${DEMO_BASE}", _NOWHERE)
        + 'mail: {host: 127.0.0.1, port: 9, from: "monitor@econsec-monitor.example"}\n'
    )


@contextmanager
def served() -> Iterator[DemoWeb]:
    """The bundled documents on a loopback port while the block runs."""
    web = DemoWeb(bundled.demo())
    thread = threading.Thread(target=web.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        web.server.shutdown()
        web.server.server_close()
        thread.join()
