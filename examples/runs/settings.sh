# Read by the scripts beside it. NAME is a config: ntu60-xsub, ..., or ntu60-xsub-small for a laptop.
#
#   LAUNCH="torchrun --standalone --nproc-per-node 4" sh examples/runs/table1.sh ntu60-xsub
#   OPTIONS="--precision bfloat16" SEEDS="0 1 2" sh examples/runs/table3.sh sim-xsub-small
#
# Every command resumes: a script that was interrupted goes on when it is started again, and what is finished stays.
set -eu
name=${1:?"Give a config, such as ntu60-xsub or sim-xsub-small."}
launch=${LAUNCH:-python}
runs=${RUNS:-runs}/$name
options=${OPTIONS:-}
case $name in
    *-small) quarter=0.0625 half=0.125 one=0.25 two=0.5 ;;
    *) quarter=0.25 half=0.5 one=1 two=2 ;;
esac

# pretrain WIDTH SEED: the encoder in $runs/pretrain-WIDTH/seed-SEED
pretrain() {
    $launch -m examples.pretrain "$name" --encoder.width "$1" --seed "$2" --resume --out "$runs/pretrain-$1/seed-$2" \
        $options
}

# finetune WIDTH FRACTION SEED: the classifier in $runs/finetune-WIDTH-FRACTION/seed-SEED; all seeds share one encoder
finetune() {
    python -m examples.finetune "$name" --checkpoint "$runs/pretrain-$1/seed-0/encoder.pt" --fraction "$2" --seed "$3" \
        --resume --out "$runs/finetune-$1-$2/seed-$3" $options
}

# distill WIDTH FRACTION SEED: a student of that width, its teacher is the 2x network fine-tuned on the same labels
distill() {
    python -m examples.distill "$name" --teacher "$runs/finetune-$two-$2/seed-$3/classifier.pt" --width "$1" \
        --seed "$3" --resume --out "$runs/distill-$1-$2/seed-$3" $options
}
