"""A Rekognition for one machine that really recognises: see `wire` for how to talk to it."""
