#!/bin/sh
# The headline rows of docs/results.md, Northwestern-UCLA:  sh examples/runs/results.sh nucla-xview-ours [SPLIT ...]
#
# Each SPLIT (default: xview, whose test half is also tested without its copies of training recordings) is pre-trained
# on its own training half, with joints and bones and with their motion, from bodies turned by the first frame and from
# upright ones, for every seed. VIEWS="varied" leaves the upright ones out.
. "$(dirname "$0")/settings.sh"
shift
store=${STORE:-data/nucla.h5}

# evaluate FOLDER SPLIT SEED: what the encoder there is worth on a split
evaluate() {
    python -m examples.linear_eval "$name" --store "$store" --split "$2" --checkpoint "$1/encoder.pt" --seed "$3" \
        --resume --out "$1/linear-$2" $options
    python -m examples.knn_eval --store "$store" --split "$2" --checkpoint "$1/encoder.pt" --by-joint \
        --resume --out "$1/knn-$2" $options
}

for split in ${*:-xview}; do
    tested=$split
    case $split in
        xview | xview_test2) tested="$split ${split}_clean" ;;
    esac
    for seed in ${SEEDS:-0 1 2}; do
        for views in ${VIEWS:-varied upright}; do
            for channels in joint+bone motion; do
                stream=$channels
                test "$views" = varied || stream=$views-$channels
                out=$runs/$split/$stream/seed-$seed
                python -m examples.pretrain "$name" --store "$store" --split "$split" --encoder.views "$views" \
                    --encoder.channels "$channels" --seed "$seed" --resume --out "$out" $options
                for half in $tested; do
                    evaluate "$out" "$half" "$seed"
                done
            done
        done
    done
done

python -m examples.headline --runs "$runs"
