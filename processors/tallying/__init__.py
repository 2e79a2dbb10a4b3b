"""Counting images by status and label, exactly, from the changes of the table."""
