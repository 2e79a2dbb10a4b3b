"""The vision models: which packages they come in, how they become ONNX files, how they are loaded."""
