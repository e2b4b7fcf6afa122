"""What readers reach with a browser, or their mail program for them."""
