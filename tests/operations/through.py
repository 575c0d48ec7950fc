"""Two `portal serve` processes behind nginx with the repository's own config/nginx.conf, and people who come through it."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from portal.core.settings import CONFIG, ROOT, Settings

NGINX = shutil.which("nginx") or next(
    (p for p in ("/usr/sbin/nginx", "/usr/local/sbin/nginx") if Path(p).exists()), None
)
OPENSSL = shutil.which("openssl")
NAME = "portal.example.com"
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@dataclass
class Process:
    """One app process on its port."""

    port: int
    popen: subprocess.Popen[bytes]
    log: Path

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal to the server; SIGKILL to all that it started. Its exit code."""
        if self.popen.poll() is None:
            if how is signal.SIGKILL:
                os.killpg(self.popen.pid, how)
            else:
                self.popen.send_signal(how)
        return self.popen.wait(40)


def serve(settings: Settings, folder: Path, *, clock: str) -> Process:
    """`portal serve` as systemd starts it, its own process group, with the environment of the tests' database."""
    port = free_port()
    log = folder / f"app-{port}.log"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PORTAL_ENV": "bench",
        "PORTAL_CLOCK": clock,
        "PORTAL_BEHIND_PROXY": "true",
        "PORTAL_SECURE_COOKIES": "true",
        "PORTAL_BASE_URL": f"https://{NAME}",
        "PORTAL_HOME": str(settings.home),
        "PORTAL_MAIL_URL": "null:",
        "PORTAL_UPLOAD_MEGABYTES": "24",
        "DATABASE_URL": settings.database_url,
        "PORTAL_CONTEXT_KEY": settings.context_key.hex(),
        "PORTAL_SECRET_KEY": settings.secret_key,
    }
    with log.open("wb") as said:
        popen = subprocess.Popen(
            [sys.executable, "-m", "portal", "serve", "--no-worker", "--port", str(port)],
            cwd=ROOT, env=environment, stdout=said, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    return Process(port, popen, log)


def until_answers(process: Process) -> None:
    """Asked over and over, not waited for."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert process.popen.poll() is None, process.log.read_text()[-3000:]
        try:
            connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            threading.Event().wait(0.1)
        finally:
            connection.close()
    raise AssertionError(process.log.read_text()[-3000:])


def configured(folder: Path, port: int, apps: list[int]) -> Path:
    """config/nginx.conf as it stands in the repository, with this machine's ports and folders; each answer says who gave it."""
    subprocess.run(
        [str(OPENSSL), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    text = (CONFIG / "nginx.conf").read_text()
    changes = {
        "pid /run/nginx.pid;": f"pid {folder}/nginx.pid;\ndaemon off;",
        "error_log /var/log/nginx/error.log warn;": f"error_log {folder}/error.log warn;",
        "access_log /var/log/nginx/access.log;": "\n".join(
            [
                "access_log off;",
                *(
                    f"{name}_temp_path {folder}/{name};"
                    for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
                ),
                "add_header X-Answered-By $upstream_addr always;",
            ]
        ),
        "server 127.0.0.1:8001": f"server 127.0.0.1:{apps[0]}",
        "server 127.0.0.1:8002": f"server 127.0.0.1:{apps[1]}",
        "listen 80 default_server;": f"listen 127.0.0.1:{free_port()} default_server;",
        "listen 443 ssl default_server;": f"listen 127.0.0.1:{port} ssl default_server;",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "/etc/ssl/portal/fullchain.pem": f"{folder}/cert.pem",
        "/etc/ssl/portal/key.pem": f"{folder}/key.pem",
        "/srv/portal/": f"{ROOT}/",
    }
    for ours, here in changes.items():
        assert ours in text, ours  # the file says something else by now
        text = text.replace(ours, here)
    path = folder / "nginx.conf"
    path.write_text(text)
    return path


@dataclass
class Stand:
    """nginx with two processes behind it."""

    port: int
    apps: list[Process]
    folder: Path

    def person(self) -> Person:
        return Person(self.port)


@contextmanager
def standing(settings: Settings, folder: Path, *, clock: str) -> Iterator[Stand]:
    apps = [serve(settings, folder, clock=clock) for _ in range(2)]
    nginx = None
    try:
        for app in apps:
            until_answers(app)
        port = free_port()
        path = configured(folder, port, [app.port for app in apps])
        with (folder / "nginx.log").open("wb") as said:
            nginx = subprocess.Popen([str(NGINX), "-p", folder, "-c", path], stdout=said, stderr=subprocess.STDOUT)
        end = time.monotonic() + START_SECONDS
        while True:
            assert nginx.poll() is None, (folder / "nginx.log").read_text() + (folder / "error.log").read_text()
            try:
                if Person(port).get("/healthz").status == 200:
                    break
            except OSError:
                assert time.monotonic() < end
                threading.Event().wait(0.05)
        yield Stand(port, apps, folder)
    finally:
        if nginx is not None:
            nginx.terminate()
            nginx.wait(20)
        for app in apps:
            app.stop()


def connect(port: int, timeout: float = 30.0) -> ssl.SSLSocket:
    """A connection to nginx, under the portal's name."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout), server_hostname=NAME)


@dataclass
class Answer:
    """What came back, and which process gave it ("" for nginx itself)."""

    status: int
    headers: Any
    body: bytes
    by: str

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Person:
    """A browser: its cookies, the token of the page it saw last; a connection of its own for each request."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    answered_by: list[str] = field(default_factory=list)

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, **said: str) -> Answer:
        body = urlencode({"csrf_token": self.token, **said}).encode()
        return self.ask("POST", path, body, "application/x-www-form-urlencoded")

    def send_file(self, path: str, name: str, content: bytes, **said: str) -> Answer:
        parts = [
            f'--cut\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in {"csrf_token": self.token, **said}.items()
        ]
        head = f'--cut\r\nContent-Disposition: form-data; name="{name}"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        return self.ask("POST", path, b"".join(parts) + head.encode() + content + b"\r\n--cut--\r\n", "multipart/form-data; boundary=cut")  # fmt: skip

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "", **more: str) -> Answer:
        headers = {
            "Host": NAME,
            "Connection": "close",
            "Referer": f"https://{NAME}/",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            **({"Content-Type": kind} if kind else {}),
            **more,
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.sock = connect(self.port)
        try:
            connection.request(method, path, body or None, headers)
            got = connection.getresponse()
            answer = Answer(got.status, got.headers, got.read(), got.headers.get("X-Answered-By", ""))
        finally:
            connection.close()
        for cookie in got.headers.get_all("Set-Cookie") or []:
            name, value = cookie.split(";", 1)[0].split("=", 1)
            if value and "Max-Age=0" not in cookie:
                assert "Secure" in cookie, cookie
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        if found := re.search(rb'name="csrf_token" value="([^"]+)"', answer.body):
            self.token = found[1].decode()
        if answer.by:
            self.answered_by.append(answer.by)
        return answer

    def sign_in(self, login: str, password: str) -> Answer:
        assert self.get("/sign-in").status == 200
        return self.post("/sign-in", login=login, password=password)


def path_of(answer: Answer) -> str:
    """Where it redirects to, without the host."""
    return urlsplit(answer.headers["Location"]).path
