"""The load test: its scenarios, its arithmetic, its page, its canned Rekognition."""
