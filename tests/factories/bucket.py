"""A small S3 server on the loopback: what obstore's client asks of one, answered as Amazon's does.

Objects lie in a dictionary, as they arrived; a request without the right key's signature is refused.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE = 3  # objects in one answer to a listing, so that paging is tried with few
KEY_ID, SECRET = "key-of-the-tests", "secret-of-the-tests"


class Bucket:
    """A bucket called ``portal``: ``objects`` by key, ``asked`` the requests that came, ``refuses`` a status to answer with."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.objects: dict[str, bytes] = {}
        self.changed: dict[str, datetime] = {}
        self.asked: list[tuple[str, str]] = []
        self.refuses: int | None = None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bucket: Bucket

    def log_message(self, *_said: object) -> None:
        """Say nothing on the terminal."""

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _error(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code></Error>".encode(), Content_Type="application/xml")

    def _key(self) -> str | None:
        """The object asked for; None when the request is answered already."""
        self.sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        url = urlsplit(self.path)
        bucket, _slash, key = unquote(url.path.lstrip("/")).partition("/")
        self.bucket.asked.append((self.command, key))
        signed = self.headers.get("Authorization", "")
        if not re.match(
            rf"AWS4-HMAC-SHA256 Credential={KEY_ID}/\d{{8}}/here-1/s3/aws4_request, .*Signature=[0-9a-f]{{64}}$", signed
        ):
            self._error(403, "AccessDenied")
        elif self.bucket.refuses is not None:
            self._error(self.bucket.refuses, "Refused")
        elif bucket != "portal":
            self._error(404, "NoSuchBucket")
        else:
            return key
        return None

    def _facts(self, key: str) -> dict[str, str]:
        return {
            "ETag": f'"{md5(self.bucket.objects[key]).hexdigest()}"',  # noqa: S324 - S3 calls a file's MD5 its tag
            "Last_Modified": format_datetime(self.bucket.changed[key], usegmt=True),
        }

    def do_PUT(self) -> None:
        if (key := self._key()) is not None:
            self.bucket.objects[key] = self.sent
            self.bucket.changed[key] = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the server's own clock
            self._answer(200, ETag=self._facts(key)["ETag"])

    def do_GET(self) -> None:
        if (key := self._key()) is None:
            return
        if key == "":
            self._list({name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()})
        elif key in self.bucket.objects:
            self._answer(200, self.bucket.objects[key], **self._facts(key))
        else:
            self._error(404, "NoSuchKey")

    do_HEAD = do_GET  # noqa: N815 - the library's name

    def do_DELETE(self) -> None:
        if (key := self._key()) is not None:
            self.bucket.objects.pop(key, None)
            self._answer(204)

    def do_POST(self) -> None:
        """Delete many at once (?delete)."""
        if self._key() is None:
            return
        gone = [unquote(key) for key in re.findall(r"<Key>([^<]*)</Key>", self.sent.decode())]
        for key in gone:
            self.bucket.objects.pop(key, None)
        rows = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in gone)
        self._answer(200, f"<DeleteResult>{rows}</DeleteResult>".encode(), Content_Type="application/xml")

    def _list(self, asked: dict[str, str]) -> None:
        after = asked.get("continuation-token", "")
        known = sorted(key for key in self.bucket.objects if key.startswith(asked.get("prefix", "")) and key > after)
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.bucket.objects[key])}</Size>"
            f"<ETag>{escape(self._facts(key)['ETag'])}</ETag>"
            f"<LastModified>{self.bucket.changed[key].strftime('%Y-%m-%dT%H:%M:%S.000Z')}</LastModified></Contents>"
            for key in known[:PAGE]
        )
        more = len(known) > PAGE
        next_page = f"<NextContinuationToken>{escape(known[PAGE - 1])}</NextContinuationToken>" if more else ""
        self._answer(
            200,
            f"<ListBucketResult><Name>portal</Name><KeyCount>{len(known[:PAGE])}</KeyCount>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{next_page}{rows}</ListBucketResult>".encode(),
            Content_Type="application/xml",
        )


@contextmanager
def serving() -> Iterator[Bucket]:
    """A bucket that is reachable over HTTP while the block runs."""

    class Handler(_Handler):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Handler.bucket = Bucket(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield Handler.bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
