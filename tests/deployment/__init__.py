"""How the stack gets to where it runs, and changes there: on a local cloud, by the tools that people have."""
