"""How much a face has to show: measured on faces that are damaged step by step."""
