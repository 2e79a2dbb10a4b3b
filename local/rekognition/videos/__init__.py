"""Jobs on stored videos: started, worked out behind the answer, told of, and read by pages."""
