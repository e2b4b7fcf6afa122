"""Serves the feeds on loopback: nginx where there is one, else a small server of our own, which also plays a far-away host.

Both write the status of every answer into a log, so that the benchmark can tell whether it measured what it says. Neither
answers anybody but this machine.

python -m bench.server FOLDER PORT LOG [SECONDS]
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import TextIO

_NGINX = """
daemon off;
{user}
worker_processes 1;
pid {work}/nginx.pid;
error_log {work}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  log_format status '$status';
  access_log {log} status;
  client_body_temp_path {work}/body; proxy_temp_path {work}/proxy; fastcgi_temp_path {work}/fastcgi;
  uwsgi_temp_path {work}/uwsgi; scgi_temp_path {work}/scgi;
  types {{ application/xml xml; }}
  sendfile on;
  keepalive_timeout 10s;
  server {{
    listen 0.0.0.0:{port} backlog=4096;
    allow 127.0.0.0/8; deny all;
    root {root};
    etag on;
  }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the feeds of the current round are, and where they are served."""

    root: Path  # a symbolic link to the folder of the round
    port: int  # the same for all servers, because a feed is its address
    work: Path  # logs and the like

    @property
    def log(self) -> Path:
        """One line an answer: its status."""
        return self.work / "answers.log"

    def show(self, folder: Path) -> None:
        """Serve this folder from now on."""
        fresh = self.root.with_suffix(".new")
        fresh.symlink_to(folder)
        fresh.replace(self.root)

    def answers(self) -> Counter[str]:
        """How often each status was answered since the last time this was asked."""
        found = Counter(self.log.read_text().split()) if self.log.exists() else Counter()
        self.log.write_text("")
        return found


def free_port() -> int:
    """A port that nobody has and that no outgoing connection will be given."""
    for port in range(18_200, 18_300):
        with socket.socket() as door, contextlib.suppress(OSError):
            door.bind(("0.0.0.0", port))
            return port
    raise SystemExit("bench: no free port from 18200 to 18299")


def nginx() -> str | None:
    """The nginx of this machine; None if there is none."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextlib.contextmanager
def serving(site: Site, *, latency: float = 0.0) -> Iterator[None]:
    """Serve while the block runs.

    Args:
        latency: seconds before each answer; other than zero only our own server can.
    """
    program = None if latency else nginx()
    if program is None:
        command = [sys.executable, "-m", "bench.server", str(site.root), str(site.port), str(site.log), str(latency)]
    else:
        settings = site.work / "nginx.conf"
        # as root, nginx would read the files as nobody, who may not enter a temporary folder
        user = "user root;" if os.geteuid() == 0 else ""
        settings.write_text(_NGINX.format(user=user, work=site.work, log=site.log, port=site.port, root=site.root))
        command = [program, "-e", f"{site.work}/error.log", "-c", str(settings)]
    process = subprocess.Popen(command, cwd=Path(__file__).resolve().parent.parent)
    try:
        _wait(process, site.port)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(500):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None:
            raise SystemExit(f"bench: the server ended at once ({process.returncode})")
        time.sleep(0.02)
    raise SystemExit("bench: the server does not answer")


async def _serve(root: Path, port: int, log: TextIO, latency: float) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError), contextlib.closing(writer):
            while str(writer.get_extra_info("peername")[0]).startswith("127."):
                head = await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(latency)
                status, answer = _answer(root, head)
                writer.write(answer)
                await writer.drain()
                log.write(f"{status}\n")

    server = await asyncio.start_server(talk, "0.0.0.0", port, backlog=4096)
    async with server:
        await server.serve_forever()


def _answer(root: Path, head: bytes) -> tuple[int, bytes]:
    """Status and bytes of the answer to a request for a file, conditional or not."""
    request, *lines = head.decode("latin-1").split("\r\n")
    path = root / Path(request.split(" ")[1]).name
    if not path.is_file():
        return 404, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    state = path.stat()
    etag = f'"{int(state.st_mtime):x}-{state.st_size:x}"'
    sent = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    validators = f"ETag: {etag}\r\nLast-Modified: {formatdate(state.st_mtime, usegmt=True)}\r\n"
    if sent.get("if-none-match") == etag:
        return 304, f"HTTP/1.1 304 Not Modified\r\n{validators}\r\n".encode()
    body = path.read_bytes()
    return 200, f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n{validators}\r\n".encode() + body


if __name__ == "__main__":
    _, folder, number, file, *more = sys.argv
    with contextlib.suppress(KeyboardInterrupt), Path(file).open("a", buffering=1) as answers:
        asyncio.run(_serve(Path(folder), int(number), answers, float(more[0]) if more else 0.0))
