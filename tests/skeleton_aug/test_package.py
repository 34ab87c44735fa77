import subprocess
import sys

import skeleton_aug

CHECK = """
import sys
import numba
compiled = []
numba.core.dispatcher.Dispatcher.compile = lambda self, sig: compiled.append(self)
import skeleton_aug
heavy = {"torch", "h5py", "hypothesis", "matplotlib", "skeleton_data"} & set(sys.modules)
print(sorted(heavy), compiled)
"""

CHECK_OWN = """
import sys
import skeleton_aug
print(sorted({"numba", "llvmlite", "scipy"} & set(sys.modules)))
"""


def test_importing_leaves_the_compiler_for_later():
    """Numba and SciPy load slowly, and only who calls a kernel or a filter needs them."""
    done = subprocess.run([sys.executable, "-c", CHECK_OWN], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_is_light():
    """Neither torch nor h5py comes along, and nothing is compiled."""
    done = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"


def test_public_names_exist():
    """Whatever is announced is there, once."""
    assert len(set(skeleton_aug.__all__)) == len(skeleton_aug.__all__)
    assert all(hasattr(skeleton_aug, name) for name in skeleton_aug.__all__)
