"""What can be asked: the endpoints, each with its description and what answers there."""
