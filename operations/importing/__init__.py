"""Answers that were had elsewhere, taken over without a call: whose they are is made sure of first."""
