"""Measures the local environment from outside, through real clients: `make bench`."""
