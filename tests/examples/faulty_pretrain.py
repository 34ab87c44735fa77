"""``examples.pretrain`` with a fault: ``faulty_pretrain.py FAULT RANK STEP ARGUMENTS...``, in the first start only.

FAULT is "term" or "kill" (the signal comes at the end of that step) or "kill-saving" (half of a checkpoint is written).
"""

import os
import signal
import sys
import warnings
from pathlib import Path

import torch

from examples import pretrain, pretraining
from examples.run import run_command

fault, rank, step, *arguments = sys.argv[1:]
sys.argv = ["pretrain.py", *arguments]
warnings.simplefilter("error")
update, done = pretraining.BYOL.update_target, []


def with_fault(*settings):
    update(*settings)
    done.append(1)
    if len(done) == int(step):
        if fault == "kill-saving":
            torch.save = half_save
        else:
            os.kill(os.getpid(), {"term": signal.SIGTERM, "kill": signal.SIGKILL}[fault])


def half_save(state, part):
    Path(part).write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)


if os.environ.get("RANK", "0") == rank and os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") == "0":
    pretraining.BYOL.update_target = with_fault
run_command(pretrain.pretrain, pretrain.CONFIGS, "")
