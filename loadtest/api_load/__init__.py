"""The query API under load, by Locust."""
