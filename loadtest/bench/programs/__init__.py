"""Programs for interpreters of their own, which see what a deployed function sees."""
