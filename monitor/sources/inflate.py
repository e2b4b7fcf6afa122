"""Undoes content codings piece by piece, so that a bomb costs no more memory than the limit allows."""

from __future__ import annotations

import zlib

from monitor.errors import FetchError, FetchKind

ACCEPTED = "gzip, deflate"
"""What we offer. Brotli and zstd are not offered, so an answer in them is refused."""

_STEP = 1 << 20
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_RAW = -zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"


class Inflater:
    """Decodes one body, keeping count.

    Args:
        coding: the Content-Encoding header, "" for none.
        max_bytes: decoded bytes allowed.

    Raises:
        FetchError: kind encoding for a coding that was not offered.
    """

    def __init__(self, coding: str, *, max_bytes: int, subject: str) -> None:
        self._max_bytes = max_bytes
        self._subject = subject
        self._parts: list[bytes] = []
        self._size = 0
        self._coding = coding.strip().lower()
        self._waiting = b""  # bytes that are too few yet to tell the format
        self._decoder: zlib._Decompress | None = None
        if self._coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise FetchError(
                f"the answer is coded as {self._coding[:40]!r}, which was not offered", kind=FetchKind.ENCODING, subject=subject
            )

    def feed(self, data: bytes) -> None:
        """Take the next wire bytes.

        Raises:
            FetchError: kind too_large past the limit, kind encoding for damaged data.
        """
        if self._coding in ("", "identity"):
            self._keep(data)
            return
        data = self._waiting + data
        if self._decoder is None:
            if len(data) < len(_GZIP_MAGIC):
                self._waiting = data
                return
            self._waiting = b""
            self._decoder = zlib.decompressobj(wbits=_format_of(data))
        self._inflate(data)

    def finish(self) -> bytes:
        """The whole decoded body.

        Raises:
            FetchError: kind encoding if the data stopped before its end.
        """
        if self._waiting or (self._decoder is not None and not self._decoder.eof):
            raise FetchError("the compressed answer is cut short", kind=FetchKind.ENCODING, subject=self._subject)
        return b"".join(self._parts)

    def _inflate(self, data: bytes) -> None:
        assert self._decoder is not None
        while data:
            if self._decoder.eof:
                if not data.startswith(_GZIP_MAGIC):
                    return  # padding after the end
                self._decoder = zlib.decompressobj(wbits=_GZIP_OR_ZLIB)  # a further member (RFC 1952, section 2.2)
            try:
                self._keep(self._decoder.decompress(data, _STEP))
            except zlib.error as error:
                raise FetchError("the compressed answer is damaged", kind=FetchKind.ENCODING, subject=self._subject) from error
            data = self._decoder.unused_data if self._decoder.eof else self._decoder.unconsumed_tail

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._max_bytes:
            raise FetchError(
                f"the answer is larger than {self._max_bytes} bytes", kind=FetchKind.TOO_LARGE, subject=self._subject
            )
        if data:
            self._parts.append(data)


def _format_of(start: bytes) -> int:
    """gzip or zlib by its first two bytes, else raw deflate, as some servers send it. Source: RFC 1950 section 2.2, RFC 1952."""
    is_zlib = start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0
    return _GZIP_OR_ZLIB if start.startswith(_GZIP_MAGIC) or is_zlib else _RAW
