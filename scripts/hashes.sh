#!/bin/sh
# hashes.sh ORE [FILE]: trains every model of models/models.def for 20 steps on each level of kernels
# that the machine has, and prints a digest of the weights that come out: equal for every compiler,
# build and C library. With FILE (tests/golden/hashes.tsv) it compares them to those recorded there
# and prints what differs. Levels that differ from avx512 in products of bfloat16 alone have its
# digests, since these models are float32. After a change that is meant to change bits, record the new ones:
# `scripts/hashes.sh build/ore >hashes`, and replace the lines of these levels.
set -eu
ore=$1
recorded=${2:-}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
models=$(sed -n 's/^MODEL(\(.*\))$/\1/p' "$(dirname "$0")/../models/models.def")
levels=$("$ore" doctor | sed -n 's/^kernels .* of //p')
for level in $levels; do
    case $level in
    avx512_bf16 | amx) name=avx512 ;;
    *) name=$level ;;
    esac
    for model in $models; do
        ORE_CPU=$level "$ore" train "$model" --steps 20 --batch-size 8 --eval-batches 1 \
            --out "$folder/run" --force >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
        printf '%s\t%s\t%s\n' "$name" "$model" \
            "$(sha256sum <"$folder/run/model.safetensors" | cut -c1-64)"
    done
done >"$folder/all"
awk '!seen[$0]++' "$folder/all" >"$folder/hashes"
cat "$folder/hashes"
[ -z "$recorded" ] || if grep -vxFf "$recorded" "$folder/hashes" >"$folder/others"; then
    echo "not in $recorded, which has other digests of these models, or none:"
    cat "$folder/others"
    exit 1
fi
