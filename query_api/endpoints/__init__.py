"""What can be asked: one file for each endpoint, its description and what answers there."""
