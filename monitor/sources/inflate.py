"""Undoes content codings piece by piece, so that a bomb costs no more memory than the limit allows."""

from __future__ import annotations

import zlib

from monitor.errors import FetchError, FetchKind

ACCEPTED = "gzip, deflate"
"""What we offer. Brotli and zstd are not offered, so an answer in them is refused."""

_STEP = 1 << 20


class Inflater:
    """Decodes one body, keeping count.

    Args:
        coding: the Content-Encoding header, "" for none.
        max_bytes: decoded bytes allowed.

    Raises:
        FetchError: kind encoding for a coding that was not offered.
    """

    def __init__(self, coding: str, *, max_bytes: int, subject: str) -> None:
        self.max_bytes = max_bytes
        self.subject = subject
        self.parts: list[bytes] = []
        self.size = 0
        name = coding.strip().lower()
        if name in ("", "identity"):
            self._decoder = None
        elif name in ("gzip", "x-gzip", "deflate"):
            self._decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        else:
            raise FetchError(
                f"the answer is coded as {name[:40]!r}, which was not offered", kind=FetchKind.ENCODING, subject=subject
            )

    def feed(self, data: bytes) -> None:
        """Take the next wire bytes.

        Raises:
            FetchError: kind too_large past the limit, kind encoding for damaged data.
        """
        if self._decoder is None:
            self._keep(data)
            return
        while data:
            try:
                self._keep(self._decoder.decompress(data, _STEP))
            except zlib.error as error:
                if self.size == 0 and self.parts == []:
                    self._decoder = self._raw_deflate(data)
                    return
                raise self._damaged() from error
            data = self._decoder.unconsumed_tail

    def finish(self) -> bytes:
        """The whole decoded body.

        Raises:
            FetchError: kind encoding if the data stopped before its end.
        """
        if self._decoder is not None and not self._decoder.eof and (self.size or self.parts):
            self._keep(self._decoder.flush(_STEP))
            if not self._decoder.eof:
                raise FetchError("the compressed answer is cut short", kind=FetchKind.ENCODING, subject=self.subject)
        return b"".join(self.parts)

    def _raw_deflate(self, data: bytes) -> zlib._Decompress:
        # "deflate" without its zlib header, as some servers send it
        decoder = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        try:
            self._keep(decoder.decompress(data, _STEP))
            while decoder.unconsumed_tail:
                self._keep(decoder.decompress(decoder.unconsumed_tail, _STEP))
        except zlib.error as error:
            raise self._damaged() from error
        return decoder

    def _damaged(self) -> FetchError:
        return FetchError("the compressed answer is damaged", kind=FetchKind.ENCODING, subject=self.subject)

    def _keep(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self.max_bytes:
            raise FetchError(f"the answer is larger than {self.max_bytes} bytes", kind=FetchKind.TOO_LARGE, subject=self.subject)
        if data:
            self.parts.append(data)
