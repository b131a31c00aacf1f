"""`python -m refvae` is the `refvae` command."""

import sys

from refvae.cli import main

sys.exit(main())
