"""Browsers without a screen: signed-in clients that send ready-made requests over kept connections, and their time."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

CLIENTS = 8
SESSION_COOKIE, FORM_COOKIE = "portal_session", "portal_form"


class UnexpectedReply(Exception):
    """A server said something else than it should: nothing was measured."""


@dataclass(slots=True)
class Browser:
    """A session at a server on 127.0.0.1; knows its cookies and the CSRF token of the page it saw."""

    port: int
    token: str
    form: str = ""
    csrf: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def look(self, path: str) -> bytes:
        """Open a page; its cookie and token are used from then on."""
        status, head, body = exchange(connect(self.port), self.get(path))
        if status != 200:
            raise UnexpectedReply(f"{path}: {status} {head[:300]!r}")
        if found := re.search(rb"Set-Cookie: portal_form=([^;]+)", head):
            self.form = found[1].decode()
        if found := re.search(rb'name="csrf_token" value="([^"]+)"', body):
            self.csrf = found[1].decode()
        return body

    def get(self, path: str) -> bytes:
        """The request for a page."""
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nCookie: {self._cookie}\r\n\r\n".encode()

    def post(self, path: str, fields: dict[str, str]) -> bytes:
        """The request that a form sends, CSRF token and all."""
        body = urlencode({"csrf_token": self.csrf, **fields}).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nCookie: {self._cookie}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    @property
    def _cookie(self) -> str:
        return f"{SESSION_COOKIE}={self.token}; {FORM_COOKIE}={self.form}"


def connect(port: int) -> socket.socket:
    """A connection to a server of this machine."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def exchange(connection: socket.socket, request: bytes) -> tuple[int, bytes, bytes]:
    """Send a request, read the whole reply: status, head, body."""
    connection.sendall(request)
    got = b""
    while (end := got.find(b"\r\n\r\n")) < 0:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError("the server hung up")
        got += more
    head, body = got[:end], got[end + 4 :]
    length = int(found[1]) if (found := re.search(rb"(?i)content-length: (\d+)", head)) else 0
    parts = [body]
    missing = length - len(body)
    while missing > 0:
        parts.append(more := connection.recv(min(missing, 1 << 20)))
        if not more:
            raise ConnectionError("the server hung up")
        missing -= len(more)
    return int(head[9:12]), head, b"".join(parts)


def attack(ports: Sequence[int], requests: Sequence[bytes], status: int, *, clients: int = CLIENTS) -> float:
    """Send all ``requests`` by ``clients`` connections at once, the servers of ``ports`` in turn, as nginx hands them out.

    Requests answered in a second. Every reply must be ``status``.
    """
    waiting, turns = deque(requests), deque(ports[number % len(ports)] for number in range(clients))

    def client() -> None:
        port = turns.popleft()
        connection = connect(port)
        while True:
            try:
                request = waiting.popleft()
            except IndexError:
                return
            try:
                got, head, _body = exchange(connection, request)
            except ConnectionError:  # a kept connection may be closed by the server between two requests
                connection = connect(port)
                got, head, _body = exchange(connection, request)
            if got != status:
                raise UnexpectedReply(f"{request[:80]!r}: {got} instead of {status}, {head[:300]!r}")

    return len(requests) / together(client, clients)


def together(act: Callable[[], None], many: int) -> float:
    """Run ``act`` in ``many`` threads at once; seconds from the common start to the last one's end."""
    failed: list[BaseException] = []
    ready = threading.Barrier(many + 1)

    def run() -> None:
        ready.wait()
        try:
            act()
        except BaseException as problem:  # noqa: BLE001 - handed to the thread that measures
            failed.append(problem)

    threads = [threading.Thread(target=run) for _ in range(many)]
    for thread in threads:
        thread.start()
    ready.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    if failed:
        raise failed[0]
    return took
