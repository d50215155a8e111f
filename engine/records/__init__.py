"""Examples, labels, predictions: values, and how bytes become them."""
