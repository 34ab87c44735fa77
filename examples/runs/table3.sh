#!/bin/sh
# Tables 3 and 4, semi-supervised:  sh examples/runs/table3.sh NAME   (ntu60-xsub ntu60-xview; Table 4: ntu120-xsub ntu120-xset)
. "$(dirname "$0")/settings.sh"

pretrain $two 0
for seed in ${SEEDS:-0 1 2 3 4}; do
    for fraction in 0.01 0.05 0.1; do
        python -m examples.supervised "$name" --fraction $fraction --seed "$seed" --resume \
            --out "$runs/supervised-$fraction/seed-$seed"
        finetune $two $fraction "$seed"
        distill $one $fraction "$seed"
    done
done
