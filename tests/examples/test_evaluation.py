import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from examples.encoders import make_encoder
from examples.evaluation import (
    FeatureDraws,
    LinearSettings,
    accuracy,
    extract_features,
    nearest_neighbours,
    standardize,
    train_linear,
)
from examples.views import make_pipelines

GENTLE = LinearSettings(epochs=60, lr=0.5, milestones=(40,), batch_size=32)


def blobs(n=300, classes=4, dimensions=6, spread=0.3, seed=0):
    """Points around one corner for each class, and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    corners = 2 * np.eye(classes, dimensions)
    x = corners[labels] + spread * rng.normal(size=(n, dimensions))
    return torch.from_numpy(x.astype(np.float32)), torch.from_numpy(labels)


@pytest.mark.parametrize("k", [1, 5])
def test_neighbours_equal_scikit_learn(k):
    """Predictions are those of a cosine nearest-neighbour classifier, wherever the vote has one winner."""
    train, labels = blobs(spread=1.0)
    test, _ = blobs(n=1500, spread=1.0, seed=1)
    reference = KNeighborsClassifier(k, metric="cosine", algorithm="brute").fit(train, labels)
    votes = np.sort(reference.predict_proba(test), axis=1)
    decided = votes[:, -1] > votes[:, -2]
    found = nearest_neighbours(train, labels, test, k).numpy()
    np.testing.assert_array_equal(found[decided], reference.predict(test)[decided])
    assert decided.mean() > 0.75


def test_neighbour_ties_go_to_the_nearer_class():
    """One vote against one: the more similar class wins, whatever its number; against two it does not."""
    near, far = [1.0, 0.1], [1.0, 0.5]
    query = torch.tensor([[1.0, 0.0]])
    assert nearest_neighbours(torch.tensor([far, near]), torch.tensor([0, 1]), query, k=2).item() == 1
    assert nearest_neighbours(torch.tensor([near, far]), torch.tensor([0, 1]), query, k=2).item() == 0
    three = torch.tensor([near, [0.1, 1.0], [0.2, 1.0]])
    assert nearest_neighbours(three, torch.tensor([0, 1, 1]), query, k=3).item() == 1


def test_more_neighbours_than_there_are():
    """A k beyond the training set takes all of it."""
    train, labels = blobs(n=8)
    assert torch.equal(nearest_neighbours(train, labels, train, 99), nearest_neighbours(train, labels, train, 8))


def test_linear_reaches_logistic_regression():
    """On separable classes the classifier gets all test points right, as scikit-learn's does."""
    (train, labels), (test, truth) = blobs(), blobs(seed=1)
    reference = LogisticRegression(C=1e3, max_iter=1000).fit(train, labels).score(test, truth)
    head = train_linear([train], labels, GENTLE)
    assert accuracy(head(test).argmax(1), truth) >= 100 * reference - 1e-9 and reference == 1.0


def test_linear_is_close_on_overlapping_classes():
    """Where classes overlap, both classifiers are equally good to within two points of a thousand samples."""
    (train, labels), (test, truth) = blobs(n=1000, spread=1.0), blobs(n=1000, spread=1.0, seed=1)
    reference = LogisticRegression(C=1e3, max_iter=1000).fit(train, labels).score(test, truth)
    head = train_linear([train], labels, LinearSettings(epochs=60, lr=0.1, milestones=(40, 50), batch_size=64))
    assert accuracy(head(test).argmax(1), truth) == pytest.approx(100 * reference, abs=2)


def test_linear_takes_the_draws_in_turn():
    """Epoch e learns from draw e mod their number."""
    (one, labels), (other, _) = blobs(), blobs(seed=1)
    two_epochs = LinearSettings(epochs=2, lr=0.1)
    mixed = train_linear([one, other], labels, two_epochs).weight
    assert torch.equal(mixed, train_linear([one, other, torch.nan * one], labels, two_epochs).weight)
    assert not torch.equal(mixed, train_linear([one], labels, two_epochs).weight)
    assert not torch.equal(mixed, train_linear([other, one], labels, two_epochs).weight)


def test_linear_is_reproducible():
    """The seed decides the order, torch's own generator does not."""
    train, labels = blobs()
    first = train_linear([train], labels, GENTLE, seed=1).weight
    torch.manual_seed(99)
    assert torch.equal(first, train_linear([train], labels, GENTLE, seed=1).weight)
    assert not torch.equal(first, train_linear([train], labels, GENTLE, seed=2).weight)


@pytest.mark.parametrize(("keep", "calls"), [(True, [0, 1]), (False, [0, 1, 0])])
def test_feature_draws(keep, calls):
    """Draws are extracted when asked for, held if wanted, and end where they end."""
    made = []

    def extract(draw):
        made.append(draw)
        return torch.full((2, 3), float(draw))

    draws = FeatureDraws(extract, 2, keep)
    assert [draws[i][0, 0].item() for i in (0, 0, 1, 0)] == [0, 0, 1, 0] and made == calls
    assert len(list(draws)) == 2
    with pytest.raises(IndexError, match="2 draws"):
        draws[2]


def test_standardize():
    """Training features get mean 0 and deviation 1; others are moved and scaled by the same amounts."""
    train, _ = blobs(spread=3.0)
    train = torch.cat([train, torch.full((len(train), 1), 7.0)], dim=1)
    fitted, moved = standardize(train, train + 1)
    torch.testing.assert_close(fitted.mean(0), torch.zeros(7), atol=1e-5, rtol=0)
    torch.testing.assert_close(fitted.std(0)[:6], torch.ones(6), atol=1e-4, rtol=0)
    torch.testing.assert_close((moved - fitted)[0, :6], 1 / train.std(0)[:6], atol=1e-4, rtol=1e-4)
    assert (fitted[:, 6] == 0).all()


def test_accuracy():
    """Percent of equal labels."""
    assert accuracy(torch.tensor([0, 1, 2, 2]), torch.tensor([0, 1, 1, 2])) == 75.0


def test_features_come_in_order(store, tiny):
    """Each row is the encoder's output for its sample alone, whatever the batches; the encoder stays as it is."""
    torch.manual_seed(0)
    encoder = make_encoder(tiny, store.skeleton)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    pipeline = make_pipelines(tiny, store.skeleton).conservative
    indices = np.array([70, 3, 101, 3, 55])
    features = extract_features(
        encoder, store, indices, pipeline, torch.device("cpu"), epoch=2, seed=5, batch_size=2, precision="float32"
    )
    for row, i in zip(features, indices.tolist(), strict=True):
        view = pipeline(store[i].positions, seed=5, epoch=2, index=i, layout="model")
        with torch.no_grad():
            expected = encoder(torch.from_numpy(view)[None])[0]
        torch.testing.assert_close(row, expected, rtol=1e-4, atol=1e-5)
    assert features.dtype == torch.float32 and not features.requires_grad
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())
