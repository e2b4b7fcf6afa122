"""Documents that would cost a parser beyond measure, told before it sees them."""

from __future__ import annotations

import pytest

from monitor.sources.costly import MAX_ATTRIBUTES, has_many_attributes


def element(count: int, value: str = "1") -> str:
    return (
        "<rss><channel "
        + " ".join(f'a{number}="{value}"' for number in range(count))
        + "><title>輸出規制</title></channel></rss>"
    )


@pytest.mark.parametrize("value", ["1", ">", "x=y>", "'"])
def test_an_element_with_more_attributes_than_any_feed_has_is_told(value: str) -> None:
    """Also if its values hold what ends a tag elsewhere."""
    assert has_many_attributes(element(MAX_ATTRIBUTES + 1, value))


def test_text_that_looks_like_attributes_is_none() -> None:
    """Escaped markup, addresses with many parameters and long CDATA are texts."""
    markup = "&lt;p class=&quot;x&quot;&gt;" * 5_000
    parameters = "&amp;".join(f"a{number}={number}" for number in range(5_000))
    assert not has_many_attributes(
        f"<item><description>{markup}</description><link>https://a.example/?{parameters}</link></item>"
    )
    assert not has_many_attributes("<item><description><![CDATA[" + '<p class="x">' * 5_000 + "]]></description></item>")
    assert not has_many_attributes(element(50))
