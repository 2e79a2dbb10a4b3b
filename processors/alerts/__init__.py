"""Telling people of photos by rules: counted once, told seldom, never lost."""
