#!/usr/bin/env bash
# Completes analyses with a real model server: llama.cpp and a model made on the spot.
# Needs python3 and network for three packages; keeps everything under target/real-model.
# Not part of the test command. SERVICE=path takes a service that is already built.
set -euo pipefail
cd "$(dirname "$0")/../.."
place=target/real-model
python=$place/venv/bin/python
if [ ! -x "$python" ]; then
  python3 -m venv "$place/venv"
fi
"$place/venv/bin/pip" install --quiet --disable-pip-version-check \
  'xllamacpp>=2026.10,<2027' 'gguf==0.19.0' 'numpy<3'
"$python" tests/real_model/model.py "$place/tiny.gguf"
if [ -z "${SERVICE:-}" ]; then
  cargo build --locked
  SERVICE=target/debug/explainer
fi
exec "$python" tests/real_model/check.py "$SERVICE" "$place/tiny.gguf"
