"""Only public addresses may be connected to, in whatever form they are written, unless the operator names their network."""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.addresses import is_allowed

LOCAL = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize(
    "written",
    [
        "1.1.1.1",
        "8.8.8.8",
        "93.184.216.34",
        "100.63.255.255",
        "172.32.0.1",
        "192.167.1.1",
        "2001:4860:4860::8888",
        "2606:4700::1",
    ],
)
def test_a_public_address_is_allowed(written: str) -> None:
    """What the internet routes may be fetched."""
    assert is_allowed(ip_address(written), ())


@pytest.mark.parametrize(
    "written",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.7",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
    ],
)
@pytest.mark.parametrize("form", ["{}", "::ffff:{}"], ids=["plain", "mapped"])
def test_an_address_that_is_not_public_is_refused(written: str, form: str) -> None:
    """Loopback, private, metadata, shared, test, multicast: none is connected to, nor when wrapped in IPv6."""
    assert not is_allowed(ip_address(form.format(written)), ())


@pytest.mark.parametrize(
    "written",
    [
        "::",
        "::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "100::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
    ],
)
def test_an_ipv6_address_that_is_not_public_is_refused(written: str) -> None:
    """The special-purpose networks of IPv6 count as the ones of IPv4."""
    assert not is_allowed(ip_address(written), ())


@pytest.mark.parametrize(
    "written",
    ["::127.0.0.1", "::10.0.0.1", "::169.254.169.254", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:7f00:1::"],
)
def test_an_ipv4_address_inside_ipv6_does_not_slip_through(written: str) -> None:
    """Compatible, NAT64, 6to4 and Teredo forms lead to an IPv4 address, so they are refused whole."""
    assert not is_allowed(ip_address(written), ())


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("127.0.0.1", True),
        ("::ffff:127.0.0.1", True),
        ("::1", True),
        ("fd00::1", False),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("192.0.2.1", False),
        ("8.8.8.8", True),
    ],
)
def test_a_named_network_is_allowed_and_no_other(written: str, expected: bool) -> None:
    """network.allow_private opens what it names, in both forms, and nothing beside it."""
    assert is_allowed(ip_address(written), LOCAL) is expected


def test_a_network_of_one_version_says_nothing_of_the_other() -> None:
    """Naming all of IPv4 does not open IPv6, nor the other way round."""
    assert not is_allowed(ip_address("fc00::1"), (ip_network("0.0.0.0/0"),))
    assert not is_allowed(ip_address("10.0.0.1"), (ip_network("::/0"),))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_counts_the_same_inside_ipv6(address: IPv4Address) -> None:
    """The mapped form never changes the verdict."""
    assert is_allowed(IPv6Address(f"::ffff:{address}"), ()) == is_allowed(address, ())


@given(st.ip_addresses())
def test_what_is_allowed_is_global_and_never_multicast(address: IPv4Address | IPv6Address) -> None:
    """No address that the standard library calls private or multicast is ever connected to."""
    real = getattr(address, "ipv4_mapped", None) or address
    assert not is_allowed(address, ()) or (real.is_global and not real.is_multicast)


@given(st.ip_addresses(), st.integers(0, 32))
def test_naming_a_network_opens_each_of_its_addresses(address: IPv4Address | IPv6Address, length: int) -> None:
    """An operator's permission is never overruled, and never takes one away."""
    network = ipaddress.ip_network(f"{getattr(address, 'ipv4_mapped', None) or address}/{length}", strict=False)
    assert is_allowed(address, (network,))
