"""What several judges are made with. No judge: they are found beside this folder."""
