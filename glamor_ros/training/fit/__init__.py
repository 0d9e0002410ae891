"""Training runs: recipes, their stages, and the folders that hold them."""
