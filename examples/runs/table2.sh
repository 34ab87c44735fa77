#!/bin/sh
# Table 2, ablation:  sh examples/runs/table2.sh NAME   (ntu60-xsub ntu60-xview)
. "$(dirname "$0")/settings.sh"

python -m examples.ablation "$name" --seeds ${SEEDS:-0} --launch "${LAUNCH:-}" --out "$runs/ablation" \
    --pretrain-options="$options" --linear-options="$options"
