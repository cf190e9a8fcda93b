"""A small shop to look around in: cards, stock, decks and two people. All of it was written for this project."""
