"""Measures the local place from outside, through real clients: `make bench`."""
