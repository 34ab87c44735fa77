#!/bin/sh
# Table 1, linear evaluation (ntu60-xsub ntu60-xview ntu120-xsub ntu120-xset pku2-xsub):  sh examples/runs/table1.sh NAME
. "$(dirname "$0")/settings.sh"

for seed in ${SEEDS:-0}; do
    python -m examples.supervised "$name" --seed "$seed" --resume --out "$runs/supervised/seed-$seed" $options
    pretrain $one "$seed"
    python -m examples.linear_eval "$name" --checkpoint "$runs/pretrain-$one/seed-$seed/encoder.pt" --seed "$seed" \
        --resume --out "$runs/linear/seed-$seed" $options
done
