"""The recipe of `weights/glamor_starter.safetensors`: run it with `python -m`, see `__main__`."""
