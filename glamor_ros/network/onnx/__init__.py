"""GLAMOR-Net as ONNX."""
