# Shared by the front-door scripts. Source it; do not run it.

KEDGE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
KEDGE_CACHE=${KEDGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kedge}
export KEDGE_ROOT KEDGE_CACHE

say() { printf '\033[1m== %s\033[0m\n' "$*"; }
fail() { printf 'kedge: %s\n' "$*" >&2; exit 1; }

# Installs what is missing from scripts/packages. Needs root only where something is missing.
install_packages() {
  local wanted missing=() package
  mapfile -t wanted < <(grep -v -e '^#' -e '^$' "$KEDGE_ROOT/scripts/packages" | sort -u)
  for package in "${wanted[@]}"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" -eq 0 ] || fail "these packages are missing and only root can install them: ${missing[*]}"
  say "installing ${#missing[@]} packages"
  apt-get -q update >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends "${missing[@]}" \
    >"${TMPDIR:-/tmp}/kedge-apt.log" 2>&1 ||
    { tail -20 "${TMPDIR:-/tmp}/kedge-apt.log" >&2; fail "package installation failed"; }
}

# configure_and_build PRESET [TARGET…]: quiet unless it fails.
configure_and_build() {
  local preset=$1 log="$KEDGE_ROOT/build/$1.log"
  shift
  mkdir -p "$KEDGE_ROOT/build"
  say "building preset $preset"
  (cd "$KEDGE_ROOT" && cmake --preset "$preset" && cmake --build --preset "$preset" ${@:+--target "$@"}) \
    >"$log" 2>&1 || { tail -60 "$log" >&2; fail "build of preset $preset failed; log: $log"; }
}
