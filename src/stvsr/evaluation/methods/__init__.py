"""What is measured beside models: what needs no training, what others made, and models with parts taken away."""
