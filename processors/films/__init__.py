"""Films: what they are, and which of their frames are worth asking about."""
