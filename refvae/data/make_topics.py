"""Word counts of the help topics of the running Python: python -m refvae.data.make_topics topics.npz

A word is a maximal run of the letters a to z in the lower-cased text, of three letters or more (so `__init__` gives
"init", and "don't" gives "don"), that occurs in two topics or more and in at most half of them. There is no list of
stop words. Topics and words are in alphabetical order.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse


def count_words(topics: Mapping[str, str]) -> dict[str, Any]:
    """The counts of the words of topics {name: text} as CSR arrays (names, words), with both kinds of labels."""
    names = sorted(topics)
    counters = [Counter(re.findall("[a-z]{3,}", topics[name].lower())) for name in names]
    topics_with = Counter(word for counter in counters for word in counter)
    words = sorted(word for word, topics in topics_with.items() if 2 <= topics <= len(names) / 2)
    csr = sparse.csr_array(np.array([[counter[word] for word in words] for counter in counters]))
    return {"data": csr.data.astype(np.int32), "indices": csr.indices.astype(np.int32),
            "indptr": csr.indptr.astype(np.int32), "names": np.array(names), "terms": np.array(words)}


def main(arguments: Sequence[str]) -> int:
    """Write the archive to the one path that is given; the exit code is 0."""
    from pydoc_data.topics import topics

    if len(arguments) != 1:
        raise SystemExit(f"usage: python -m refvae.data.make_topics FILE (got {len(arguments)} arguments)")
    arrays = count_words(topics)
    with Path(arguments[0]).open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    print(f"{arguments[0]}: {len(arrays['names'])} topics, {len(arrays['terms'])} words, counts {arrays['data'].sum()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
