"""The whole pipeline, through real clients, on a local cloud of its own."""
