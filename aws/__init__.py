"""AWS, spoken once: what botocore says and does that is the same for every room. No word of the domain."""
