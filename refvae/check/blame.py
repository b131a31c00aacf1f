"""Why lines do not run on exact numbers: the line, the operation, and what to write instead."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

NOTHING = "+ - * / **, comparisons, indexing, sums, products, einsum, np.exp, log, sqrt, tanh, sin, ... run exactly"
ADVICE = (  # what the error says -> what to write
    (r"linalg|LinAlg",
     "np.linalg needs floats, all but norm: write the formula out at these sizes"),
    (r"type (int|float) which has no callable (\w+) method",
     "a plain number stands beside exact ones, often from np.where(c, 0, x): write 0 * x for 0"),
    (r"Number'? which has no callable (\w+) method|'Number' object has no attribute '(\w+)'",
     "write it with np.exp, np.log, np.sqrt, np.tanh, np.sin, np.cos, np.arctan"),
    (r"float\(\) argument|must be real number|Cannot cast|setting an array element|cannot be cast",
     "an array of floats cannot hold exact numbers: make it with x.dtype, as np.zeros(shape, x.dtype) or "
     "np.zeros_like(x), leave astype(float) out, and use np.exp for math.exp"),
    (r"isfinite|isnan|isinf", "leave tests for NaN and infinity outside the layer"),
    (r"logaddexp", "write m + np.log(np.exp(a - m) + np.exp(b - m)) with m = np.maximum(a, b)"),
    (r"ufunc '(\w+)' (not supported|did not contain)", "write it with np.exp, np.log, np.sqrt, np.tanh"))


def why_not(error: Exception) -> str:
    """Where the lines stopped: `file:line: text`, the error, and the advice that goes with it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not re.search(r"[\\/](numpy|scipy|refvae[\\/]check)[\\/]", frame.filename)]
    message = f"{type(error).__name__}: {(str(error) or 'no message').splitlines()[0]}"
    frame = (own or frames)[-1]
    advice = next((what for pattern, what in ADVICE if re.search(pattern, f"{message} {frame.line}")), NOTHING)
    return f"{Path(frame.filename).name}:{frame.lineno}: {(frame.line or '').strip()}\n  {message}\n  instead: {advice}"
