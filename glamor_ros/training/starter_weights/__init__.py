"""The making of `weights/glamor_starter.safetensors`; run with `python -m`, see `__main__`."""
