"""What is asked of models about answers beside the filters. No filter: they are found beside this folder."""
