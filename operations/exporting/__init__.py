"""Photos taken along: what is known of them, in forms that other programs read."""
