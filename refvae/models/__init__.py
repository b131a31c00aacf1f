"""Models to train and to use, in one table; each is a record of functions in a module of its own."""

from refvae.models.recipe import MODELS, Recipe, fingerprint, first_parameters, read_story, story, told
from refvae.models.trained import Trained, load

__all__ = ["MODELS", "Recipe", "Trained", "fingerprint", "first_parameters", "load", "read_story", "story", "told"]
