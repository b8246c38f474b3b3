"""What several domains use. Nothing here is a domain: those lie beside this folder."""
