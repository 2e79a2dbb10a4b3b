"""What the local Rekognition does about whose face it is: comparing, collections, users."""
