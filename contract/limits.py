"""What Amazon Rekognition takes. An image beyond these is rejected without a call."""

# https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
MAX_S3_IMAGE_BYTES = 15 * 1024 * 1024
