"""Builds Kedge node images and predicts what a machine booting them measures."""
