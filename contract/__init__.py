"""What writer, reader and stack have agreed on. Standard library only; imports nothing of ours."""
