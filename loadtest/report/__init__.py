"""What a load test has found, for a terminal, for machines, and as a page."""
