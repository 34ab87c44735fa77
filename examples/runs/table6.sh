#!/bin/sh
# Table 6, transfer:  sh examples/runs/table6.sh TARGET SOURCE   (pku2-xsub ntu60-xsub)
. "$(dirname "$0")/settings.sh"
source=${2:?"Give the config of the pre-training too, such as ntu60-xsub."}

python -m examples.supervised "$name" --resume --out "$runs/supervised/seed-0" $options
$launch -m examples.pretrain "$source" --encoder.width $one --seed 0 --resume \
    --out "${RUNS:-runs}/$source/pretrain-$one/seed-0" $options
for seed in ${SEEDS:-0}; do
    python -m examples.transfer "$name" --checkpoint "${RUNS:-runs}/$source/pretrain-$one/seed-0/encoder.pt" \
        --seed "$seed" --resume --out "$runs/transfer-$source/seed-$seed" $options
done
