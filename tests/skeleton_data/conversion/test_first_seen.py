import random

from skeleton_data.conversion import first_seen
from skeleton_data.conversion.first_seen import FirstSeen, text_key


def test_is_a_dictionary(monkeypatch):
    """Numbers are those that a dictionary gives, for keys that come again and keys that end with zeros."""
    monkeypatch.setattr(first_seen, "_RECENT", 50)
    rng = random.Random(0)
    keys = [text_key(str(rng.randrange(2000))) for _ in range(5000)]
    keys += [bytes([at]) + bytes(15) for at in range(100)] + [bytes(15) + bytes([at]) for at in range(100)]
    rng.shuffle(keys)
    made, expected = FirstSeen(), {}
    for number, key in enumerate(keys):
        assert (key in made) == (key in expected)
        assert made.setdefault(key, number) == expected.setdefault(key, number)
    assert len(made) == len(expected) and all(made.get(key) == number for key, number in expected.items())
    assert made.get(text_key("another")) is None


def test_texts_have_keys_of_their_own():
    """Texts that differ have different keys, also those that are no valid Unicode."""
    assert len({text_key(text) for text in ("", "a", "A", "\0", "\udcff", "ä")}) == 6
