"""Persons who agreed to be looked for: taken in, and forgotten."""
