import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """One thread from the first network on, as for the examples: a later change of the number is unsafe."""
    torch.set_num_threads(1)
