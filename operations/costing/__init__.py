"""What the pipeline costs, on a page."""
