"""What several judges use. Nothing here is a judge: those lie beside this folder."""
