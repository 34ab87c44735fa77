"""Long-tailed training sets, for the question that the paper leaves open: what if classes are not balanced?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from examples.run import InputError
from skeleton_data import Store


def long_tail(store: Store, samples: NDArray[np.int64], factor: float, share: float, seed: int) -> NDArray[np.int64]:
    """Choose performances so that classes have fewer and fewer of them, each by the same ratio.

    Which class is how common is drawn by the seed, and so are its performances, which come with all their cameras.
    The whole has the same size for every factor, so that only the balance differs: compare with a factor of 1.

    Parameters
    ----------
    store : Store
    samples : int array
        Training samples.
    factor : float
        Size of the largest class over that of the smallest, at least 1.
    share : float
        Of the performances, above 0 and at most 1.
    seed : int
        Of what is drawn.

    Returns
    -------
    int64 array
        Samples of the chosen performances, increasing.

    Raises
    ------
    InputError
        When a number is out of its range, or a class has fewer performances than it should keep.
    """
    if not factor >= 1 or not 0 < share <= 1:
        raise InputError(
            f"--imbalance {factor:g} --keep {share:g}: the factor must be at least 1, the share in (0, 1]."
        )
    performances = store.performances(samples)
    labels = np.array([store.labels[performance[0]] for performance in performances])
    classes, available = np.unique(labels, return_counts=True)
    common = commonest_first(classes, seed)
    sizes = factor ** -np.linspace(0, 1, len(classes))
    wanted = np.maximum(np.rint(sizes * share * len(performances) / sizes.sum()), 1).astype(int)
    has = available[np.searchsorted(classes, common)]
    if (wanted > has).any():
        worst = np.argmin(has / wanted)
        most = np.floor(share * has[worst] / wanted[worst] * 100) / 100
        raise InputError(
            f"--imbalance {factor:g} --keep {share:g}: class {common[worst]} would need {wanted[worst]} performances "
            f"and has {has[worst]}; try --keep {most:g}."
        )
    chosen = []
    for label, size in zip(common, wanted, strict=True):
        draw = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, len(classes), int(label)])))
        chosen += [performances[i] for i in draw.permutation(np.flatnonzero(labels == label))[:size]]
    return np.sort(np.concatenate(chosen))


def commonest_first(classes: NDArray[np.integer], seed: int) -> NDArray[np.int64]:
    """Order of the classes from the most common to the rarest, the same for every factor, so that it can be compared.

    Parameters
    ----------
    classes : int array
        Labels that occur, increasing.
    seed : int
        Of the part.
    """
    order = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, len(classes)])))
    return order.permutation(np.asarray(classes, np.int64))
