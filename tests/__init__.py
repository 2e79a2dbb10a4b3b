"""Tests of everything. Nobody imports them."""
