"""A Rekognition for one machine that really recognises: see `service` for how to talk to it."""
