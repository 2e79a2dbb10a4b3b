"""Persons who agreed to be looked for: where they are kept, how they are forgotten, and by whom."""
