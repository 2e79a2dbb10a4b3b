"""How the pipeline does, from its queues, its index and its counts."""
