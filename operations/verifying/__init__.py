"""Checks of a deployed pipeline from the outside: photos in, records, answers and completions out."""
