#!/bin/sh
# No release binary holds a symbol of a fake or of a test root (S17).
set -eu
status=0
for binary in "$@"; do
  symbols=$(nm -C --defined-only "$binary" 2>/dev/null | grep -c . || true)
  if [ "$symbols" -eq 0 ]; then
    symbols_source=$(strings "$binary")
  else
    symbols_source=$(nm -C --defined-only "$binary")
  fi
  if found=$(printf '%s\n' "$symbols_source" | grep -E 'kedge::(testing::|Fake|[A-Za-z_]*::Fake)'); then
    printf '%s links test code:\n%s\n' "$binary" "$found"
    status=1
  else
    echo "$binary: no test code"
  fi
done
exit $status
