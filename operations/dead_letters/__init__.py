"""Dead letters: read without disturbing, counted by cause, sent back."""
