"""Pictures of cameras that stand still: what has changed in one, and what was seen there."""
