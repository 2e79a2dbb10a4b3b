"""What is typed, one command a file: arguments in, lines or JSON out."""
