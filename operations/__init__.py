"""The command line for whoever runs the pipeline."""
