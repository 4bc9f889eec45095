# The Swift packages that the program is built with, held against Scripts/lib/dependencies.txt. Sourced by the scripts; does nothing by
# itself. Package.swift names ranges (CONTRIBUTING says why), so this list is what says that another version came in.

# dependencies SCRATCH: a line for each package, name and version.
dependencies() {
  swift package --scratch-path "$1" show-dependencies --format json 2>/dev/null | python3 -c '
import json, sys
found = set()
def walk(package):
    for each in package["dependencies"]:
        found.add("%s %s" % (each["identity"], each["version"]))
        walk(each)
walk(json.load(sys.stdin))
print("\n".join(sorted(found)))'
}

# check_dependencies SCRATCH: fails where they are not the committed ones.
check_dependencies() {
  dependencies "$1" | diff -u --label Scripts/lib/dependencies.txt Scripts/lib/dependencies.txt --label resolved - && return 0
  echo "other versions of Swift packages than the ones tested; if the tests pass with them: Scripts/check --update" >&2
  return 1
}
