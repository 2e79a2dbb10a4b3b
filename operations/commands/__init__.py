"""What is typed: arguments in, one call, lines or JSON out."""
