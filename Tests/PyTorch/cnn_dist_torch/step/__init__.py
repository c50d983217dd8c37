"""One forward and backward pass by PyTorch, with the losses of cnn-dist."""
