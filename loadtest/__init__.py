"""Load against a running stack, as a black box."""
