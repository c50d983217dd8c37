"""A model file of cnn-dist as a PyTorch module with the same parameter names, and the zoo in PyTorch."""
