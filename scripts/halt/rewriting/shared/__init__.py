"""What several methods use. Nothing here is a method: those lie beside this folder."""
