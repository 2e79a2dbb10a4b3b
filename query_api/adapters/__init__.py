"""Where AWS is spoken: one module a service."""
