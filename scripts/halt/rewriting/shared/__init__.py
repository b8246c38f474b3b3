"""What several methods are made with. No method: they are found beside this folder."""
