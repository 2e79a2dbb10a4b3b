"""The second place where the stack runs: one machine, with MiniStack and a local Rekognition."""
