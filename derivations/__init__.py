"""The derivations, <chapter>.md, and the evidence for their numbers, <chapter>.py."""
