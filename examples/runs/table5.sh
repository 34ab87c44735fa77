#!/bin/sh
# Table 5, distillation to smaller networks:  sh examples/runs/table5.sh NAME   (ntu60-xsub)
. "$(dirname "$0")/settings.sh"

for width in $quarter $half $one $two; do
    pretrain $width 0
done
for seed in ${SEEDS:-0 1 2 3 4}; do
    for fraction in 0.01 0.05 0.1; do
        for width in $quarter $half $one $two; do
            finetune $width $fraction "$seed"
        done
        for width in $quarter $half $one; do
            distill $width $fraction "$seed"
        done
    done
done
