"""Which network addresses may be connected to: public ones, and what network.allow_private names."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_SPECIAL: tuple[Network, ...] = tuple(
    ipaddress.ip_network(each)
    for each in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
"""Not public. IPv4-compatible, 6to4, Teredo and NAT64 are refused whole because they carry an IPv4 address inside.

Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890)."""


def is_allowed(address: Address, allowed: tuple[Network, ...]) -> bool:
    """True if `address` may be connected to. An IPv4 address inside IPv6 (::ffff:0:0/96) counts as that IPv4 address."""
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    real: Address = inner or address
    if any(real.version == network.version and real in network for network in allowed):
        return True
    if any(real.version == network.version and real in network for network in _SPECIAL):
        return False
    return real.is_global
