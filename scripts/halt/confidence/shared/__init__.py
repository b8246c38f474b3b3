"""What models are asked about answers, beside the filters. Nothing here is a filter: those lie beside this folder."""
