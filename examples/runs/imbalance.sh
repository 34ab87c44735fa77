#!/bin/sh
# Pre-training on long-tailed classes, and what it costs:  sh examples/runs/imbalance.sh NAME   (nucla-xview-ours)
#
# FACTORS says how long the tails are ("1 10 50"), KEEP what share of the performances all of them train on. The linear
# classifier has the whole training half, so that only what was learned without labels differs.
. "$(dirname "$0")/settings.sh"

for factor in ${FACTORS:-1 10 50}; do
    for seed in ${SEEDS:-0 1 2}; do
        out=$runs/imbalance-$factor/seed-$seed
        $launch -m examples.pretrain "$name" --imbalance "$factor" --keep "${KEEP:-0.25}" --seed "$seed" --resume \
            --out "$out/pretrain" ${PRETRAIN:-} $options
        python -m examples.linear_eval "$name" --checkpoint "$out/pretrain/encoder.pt" --seed "$seed" --resume \
            --out "$out/linear" $options
    done
done
python -m examples.imbalance --runs "$runs" --out "$runs/imbalance.png"
