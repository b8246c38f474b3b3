"""Sentences, markup and talk."""
