"""The book as a static site: `refvae book`."""
