"""The quota of Rekognition, shared by all workers."""
