"""One batch of events, from what the messages say to what is announced."""
