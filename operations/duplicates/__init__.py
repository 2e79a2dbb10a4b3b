"""Photos that are the same, or nearly: groups, what they take, bursts, and a report with pictures."""
