"""The counts of labels and states, kept in line with the records; and the daily audit of the bucket."""
