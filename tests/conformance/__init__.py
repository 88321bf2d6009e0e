"""Tests of the published schemas, the test vectors and `benson validate`'s library."""
