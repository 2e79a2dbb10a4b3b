"""The fault run, `make chaos`: photos go through the real pipeline while calls fail and workers die."""
