# The program as users get it, with Swift's own libraries inside. Sourced by demo and install, which share one
# build, and by package, which builds in a copy. Needs packages.sh.

# build_program: builds with what it needs; then $program is its path. Says every ten seconds how far it is.
build_program() {
  # No directory of this machine in the program. Debug information, which no package keeps, is a tenth of the compile time.
  local options=(-c release --product pipeline --static-swift-stdlib -debug-info-format none
    -Xswiftc -file-prefix-map -Xswiftc "$PWD=." -Xcc "-ffile-prefix-map=$PWD=.")
  local log builder said line
  need_swift
  # shellcheck disable=SC2086
  install_packages $BUILD_PACKAGES
  log=$(mktemp)
  swift build "${options[@]}" >"$log" 2>&1 &
  builder=$!
  said=$SECONDS
  while kill -0 "$builder" 2>/dev/null; do
    sleep 0.5
    [ $((SECONDS - said)) -ge 10 ] || continue
    said=$SECONDS
    line=$(tr '\r' '\n' <"$log" | grep -E '^(\[[0-9]+/[0-9]+\]|Fetching|Fetched|Computing|Working)' | tail -n 1 || true)
    [ -z "$line" ] || echo "   ${line:0:100}"
  done
  if ! wait "$builder"; then
    grep -E 'error|note:' "$log" | head -20
    tail -n 5 "$log"
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
  program=$(swift build "${options[@]}" --show-bin-path)/pipeline
}

# lay_out PROGRAM FOLDER: the program, its completions and its man pages, as they lie below a prefix.
lay_out() {
  local shell
  install -D -m 755 "$1" "$2/bin/pipeline"
  for shell in bash:bash-completion/completions/pipeline zsh:zsh/site-functions/_pipeline fish:fish/vendor_completions.d/pipeline.fish; do
    mkdir -p "$(dirname "$2/share/${shell#*:}")"
    "$1" --generate-completion-script "${shell%%:*}" >"$2/share/${shell#*:}"
  done
  mkdir -p "$2/share/man/man1"
  "$1" --experimental-dump-help | python3 Scripts/lib/man_pages.py "$("$1" --version)" "$2/share/man/man1"
}
