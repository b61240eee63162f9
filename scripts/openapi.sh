#!/bin/sh
# Writes the dashboard's types (dashboard/src/lib/api.d.ts, or the file named) from the API's models.
# The WebSocket's messages are in no OpenAPI path, so they are added to the schemas here.
set -eu
cd "$(dirname "$0")/.."
PATH="$PATH:$PWD/.venv/bin" # its Node, where the machine has none
schema=$(mktemp)
trap 'rm -f "$schema"' EXIT
.venv/bin/python -c '
import json

from gateway.api.app import make_app
from gateway.api.models import ErrorOut, PatchOut, StateOut

document = make_app(None, None).openapi()
schemas = document["components"]["schemas"]
for model in (ErrorOut, PatchOut, StateOut):
    shape = model.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    for name, part in shape.pop("$defs", {}).items():
        schemas.setdefault(name, part)
    schemas[model.__name__] = shape
print(json.dumps(document, ensure_ascii=False))
' >"$schema"
node dashboard/node_modules/openapi-typescript/bin/cli.js "$schema" --output "${1:-dashboard/src/lib/api.d.ts}" >/dev/null
