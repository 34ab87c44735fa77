#!/bin/sh
# Figure 3, t-SNE of four rows of Table 2:  sh examples/runs/figure3.sh NAME   (ntu60-xview)
. "$(dirname "$0")/settings.sh"

rows="byol_aggressive no_multi_view multi_view_aggressive full"
python -m examples.ablation "$name" --rows $rows --launch "${LAUNCH:-}" --out "$runs/ablation" \
    --pretrain-options="$options" --linear-options="$options"
python -m examples.report --runs "${RUNS:-runs}" --out "${RUNS:-runs}/report"
