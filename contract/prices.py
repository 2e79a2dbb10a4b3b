"""What AWS charges, in US dollars."""

# One image and one operation of group 1 or 2 (DetectLabels, DetectFaces), us-east-1, up to a million a month.
# Beyond that it is less, so what is computed from it is the most that was saved.
# https://aws.amazon.com/rekognition/pricing/
DOLLARS_A_CALL = 0.001
