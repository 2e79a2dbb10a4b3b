"""A simulation: the real pipeline code, hundreds of workers, on a clock that only jumps (docs/fleet.md)."""
