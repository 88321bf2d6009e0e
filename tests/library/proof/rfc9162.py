"""Merkle trees as section 2.1 of RFC 9162 defines them: slow, and without the code under test."""

from __future__ import annotations

import hashlib
from functools import cache

VECTORS = [bytes.fromhex(entry) for entry in (
    "", "00", "10", "2021", "3031", "40414243",
    "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
VECTOR_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""What Certificate Transparency's own tests have for these entries, for sizes 0 to 8."""


def entry(n: int) -> bytes:
    """Entry n of the log that most tests have; entries are of many lengths."""
    return b"%d/" % n * (n % 7 + 1)


@cache
def mth(start: int, end: int) -> bytes:
    """MTH(D[start:end]) of 2.1.1."""
    if start == end:
        return hashlib.sha256().digest()
    if end - start == 1:
        return hashlib.sha256(b"\x00" + entry(start)).digest()
    k = largest_power_below(end - start)
    return hashlib.sha256(b"\x01" + mth(start, start + k) + mth(start + k, end)).digest()


def path_of(m: int, start: int, end: int) -> list[bytes]:
    """PATH(m, D[start:end]) of 2.1.3.1."""
    if end - start == 1:
        return []
    k = largest_power_below(end - start)
    if m < k:
        return [*path_of(m, start, start + k), mth(start + k, end)]
    return [*path_of(m - k, start + k, end), mth(start, start + k)]


def largest_power_below(n: int) -> int:
    """The k of 2.1.1: k < n <= 2k."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def way_to(m: int, size: int) -> str:
    """Which way each hash of PATH(m, D[size]) is joined from, from the bottom: its shape."""
    if size == 1:
        return ""
    k = largest_power_below(size)
    return way_to(m, k) + "R" if m < k else way_to(m - k, size - k) + "L"
