"""Why lines do not run on exact numbers: the line, the operation, and what to write instead."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

NOTHING = "+ - * / **, comparisons, indexing, sums, products, einsum, np.exp, log, sqrt, tanh, sin, ... run exactly"
ADVICE = (  # what the error says, or the line -> what to write
    (r"linalg|LinAlg", "np.linalg needs floats, all but norm: refvae.elimination has solve(A, b) and slogdet(A) "
                       "for both, also for inv and det; write cholesky as its loops"),
    (r"'(expit|logit|xlogy|log_expit)'", "write 1 / (1 + np.exp(-x)) for expit, x * np.log(y) for xlogy"),
    (r"'(erf\w*|gammaln|loggamma|gamma|digamma|psi|ndtr|log_ndtr|beta\w*)'",
     "this function has no exact form: prove the lines around it, with its value and its slope as arguments"),
    (r"logsumexp", "write m + np.log(np.sum(np.exp(x - m), axis)) with m = np.max(x, axis)"),
    (r"logaddexp", "write m + np.log(np.exp(a - m) + np.exp(b - m)) with m = np.maximum(a, b)"),
    (r"np\.interp", "write (1 - t) * y[j] + t * y[j + 1] with j from np.searchsorted"),
    (r"np\.bincount", "write np.add.at(counts, indices, weights) with counts = np.zeros(length, x.dtype)"),
    (r"np\.(cov|corrcoef|gradient)", "its sums and differences must be written out"),
    (r"fft", "write the transform as a product with a matrix of np.cos and one of np.sin"),
    (r"complex", "write the real and the imaginary parts as two arrays"),
    (r"heaviside", "write np.where(x > 0, 1, 0)"),
    (r"type (int|float) which has no callable (\w+) method",
     "a plain number stands beside exact ones, often from np.where(c, 0, x): write 0 * x for 0"),
    (r"attribute '(item|astype|dtype|copy|reshape|sum|shape)'",
     "an entry or a sum of all is a bare number, no array: leave .item(), .astype() and the like out"),
    (r"callable fabs", "write np.abs"),
    (r"int\(\) argument", "an array of integers holds no exact numbers: write 0 * x + 1 for a first 1 in np.vectorize"),
    (r"for (%|//|divmod)|np\.(floor|ceil|trunc)", "of the roundings np.rint runs: np.rint(x - 0.5) for np.floor(x)"),
    (r"Number'? which has no callable (\w+) method|'Number' object has no attribute '(\w+)'",
     "write it with np.exp, np.log, np.sqrt, np.abs, np.tanh, np.sin, np.cos, np.arctan"),
    (r"float\(\) argument|must be real number|Cannot cast|setting an array element|cannot be cast",
     "an array of floats cannot hold exact numbers: make it with x.dtype, as np.zeros(shape, x.dtype) or "
     "np.zeros_like(x), leave astype(float) out, as float(), np.float64(), dtype=float, and use np.exp for math.exp"),
    (r"isfinite|isnan|isinf", "leave tests for NaN and infinity outside the layer"),
    (r"object arrays|ufunc '(\w+)' (not supported|did not contain)", "write it with np.exp, np.log, np.sqrt, np.tanh"))


def why_not(error: Exception) -> str:
    """Where the lines stopped: `file:line: text`, the error, and the advice that goes with it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not re.search(r"[\\/](numpy|scipy|refvae[\\/]check)[\\/]", frame.filename)]
    message = f"{type(error).__name__}: {(str(error) or 'no message').splitlines()[0]}"
    frame = (own or frames)[-1]
    advice = next((what for pattern, what in ADVICE if re.search(pattern, f"{message} {frame.line}")), NOTHING)
    return f"{Path(frame.filename).name}:{frame.lineno}: {(frame.line or '').strip()}\n  {message}\n  instead: {advice}"
