"""Length-prefixed messages over a pipe, between `pdf_pool` and `pdf_engine`."""

import struct
from typing import IO

LENGTH = struct.Struct(">I")


def write(pipe: IO[bytes], *messages: bytes) -> None:
    """Send the messages and flush. Raises OSError when nobody reads any more."""
    for message in messages:
        pipe.write(LENGTH.pack(len(message)))
        pipe.write(message)
    pipe.flush()


def read(pipe: IO[bytes]) -> bytes:
    """Receive one message. Raises EOFError when the other side has ended."""
    (size,) = LENGTH.unpack(_exactly(pipe, LENGTH.size))
    return _exactly(pipe, size)


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) != size:
        raise EOFError
    return data
