"""What several domains are made with. No domain: they are found beside this folder."""
