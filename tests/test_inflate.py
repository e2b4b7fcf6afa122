"""Content codings come undone whole, in any pieces, and never past the limit."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import FetchError, FetchKind
from monitor.sources.inflate import ACCEPTED, Inflater

FEED = ("<rss version='2.0'><title>輸出管理 · 出口管制 · 수출통제</title></rss>\n" * 40).encode()
LIMIT = 1_000_000


def inflated(coding: str, *pieces: bytes, max_bytes: int = LIMIT) -> bytes:
    inflater = Inflater(coding, max_bytes=max_bytes, subject="meti")
    for piece in pieces:
        inflater.feed(piece)
    return inflater.finish()


def raw_deflate(data: bytes) -> bytes:
    coder = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return coder.compress(data) + coder.flush()


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


CODERS = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    " GZIP ": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
}


@pytest.mark.parametrize("coding", CODERS)
def test_a_coding_is_undone(coding: str) -> None:
    """Every coding we offer, and none at all, gives back the document, in whatever case it is named."""
    assert inflated(coding, CODERS[coding](FEED)) == FEED


@pytest.mark.parametrize("coding", CODERS)
@given(data=st.binary(max_size=600), places=st.lists(st.integers(0, 700), max_size=6))
@settings(max_examples=40, deadline=None)
def test_it_does_not_matter_how_the_network_cuts_the_data(coding: str, data: bytes, places: list[int]) -> None:
    """The same bytes in other pieces are the same document."""
    assert inflated(coding, *cut(CODERS[coding](data), places)) == data


@pytest.mark.parametrize("coding", CODERS)
def test_data_that_arrives_byte_by_byte_is_the_same_document(coding: str) -> None:
    """Even the slowest server's one-byte pieces add up."""
    assert inflated(coding, *(bytes([byte]) for byte in CODERS[coding](FEED))) == FEED


def test_what_is_offered_is_accepted() -> None:
    """No coding of our own Accept-Encoding header is refused."""
    accepted = [coding.strip() for coding in ACCEPTED.split(",")]
    assert [inflated(coding, CODERS[coding](FEED)) for coding in accepted] == [FEED] * len(accepted)


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, br", "gzip, gzip", "<script>"])
def test_a_coding_that_was_not_offered_is_refused_by_name(coding: str) -> None:
    """The operator reads which coding the server forced on us."""
    with pytest.raises(FetchError, match="was not offered") as caught:
        Inflater(coding, max_bytes=LIMIT, subject="meti")
    assert (caught.value.kind, caught.value.subject) == (FetchKind.ENCODING, "meti")
    assert coding in str(caught.value)


@pytest.mark.parametrize("coding", CODERS)
def test_a_body_of_exactly_the_limit_is_taken(coding: str) -> None:
    """The limit itself is allowed."""
    assert inflated(coding, CODERS[coding](FEED), max_bytes=len(FEED)) == FEED


@pytest.mark.parametrize("coding", CODERS)
def test_one_byte_past_the_limit_is_too_large(coding: str) -> None:
    """The limit counts decoded bytes, in every coding."""
    with pytest.raises(FetchError) as caught:
        inflated(coding, CODERS[coding](FEED), max_bytes=len(FEED) - 1)
    assert (caught.value.kind, caught.value.subject) == (FetchKind.TOO_LARGE, "meti")


@pytest.mark.parametrize("coder", [gzip.compress, zlib.compress, raw_deflate], ids=["gzip", "zlib", "raw"])
def test_a_bomb_costs_little_memory(coder: Callable[[bytes], bytes]) -> None:
    """64 MiB of zeros in a few kilobytes are refused before they are unpacked."""
    bomb = coder(bytes(64 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(FetchError) as caught:
            inflated("deflate", bomb, max_bytes=100_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.kind is FetchKind.TOO_LARGE
    assert peak < 8 << 20


@pytest.mark.parametrize("coding", ["gzip", "deflate", "Deflate"])
@given(length=st.integers(min_value=0))
@settings(max_examples=60, deadline=None)
def test_data_that_stops_before_its_end_is_no_document(coding: str, length: int) -> None:
    """A cut answer is an error wherever it is cut, never a shorter or an empty document."""
    whole = CODERS[coding](FEED)
    with pytest.raises(FetchError) as caught:
        inflated(coding, whole[: 1 + length % (len(whole) - 1)])
    assert caught.value.kind is FetchKind.ENCODING


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(FEED, id="not-compressed-at-all"),
        pytest.param(gzip.compress(FEED)[:-8] + bytes(8), id="wrong-checksum"),
        pytest.param(gzip.compress(FEED)[:10] + b"\xff" * 40, id="damaged-inside"),
    ],
)
def test_damaged_data_is_an_error_of_the_coding(data: bytes) -> None:
    """Damage is told as such, not as an empty document."""
    with pytest.raises(FetchError) as caught:
        inflated("gzip", data)
    assert (caught.value.kind, caught.value.subject) == (FetchKind.ENCODING, "meti")


@pytest.mark.parametrize("coding", CODERS)
def test_no_data_at_all_is_an_empty_body(coding: str) -> None:
    """An answer without a body may carry the header of a coding."""
    assert inflated(coding) == b""


def test_a_gzip_of_several_members_is_read_whole() -> None:
    """Members are one document, one after the other (RFC 1952, section 2.2)."""
    half = len(FEED) // 2
    assert inflated("gzip", gzip.compress(FEED[:half]) + gzip.compress(FEED[half:])) == FEED


def test_padding_after_the_end_is_ignored() -> None:
    """Zeros after the last member, as some servers pad, change nothing."""
    assert inflated("gzip", gzip.compress(FEED) + bytes(512), bytes(512)) == FEED


@given(st.sampled_from(["", "gzip", "deflate"]), st.lists(st.binary(max_size=60), max_size=5))
@settings(deadline=None)
def test_any_bytes_end_in_a_bounded_document_or_a_fetch_error(coding: str, pieces: list[bytes]) -> None:
    """Nothing that a server sends escapes as another error or as more than the limit."""
    try:
        outcome: object = len(inflated(coding, *pieces, max_bytes=100))
    except FetchError as error:
        outcome = error.kind
    assert outcome in (FetchKind.ENCODING, FetchKind.TOO_LARGE, *range(101))
