# Sourced by the commands beside it: says where everything is, and builds what a command runs.
program="$(basename "${BASH_SOURCE[1]}")"
home="$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"

if ! command -v "$java" > /dev/null; then
  echo "$program: no java: install a JDK, 17 or later, or point JAVA_HOME to one" >&2
  exit 2
fi

# build_first BUILT UNUSED MODULES ARGUMENTS...: runs Maven, if BUILT is missing or older than the sources of MODULES, but for paths
# like UNUSED.
build_first() {
  local built="$1" unused="$2" modules="$3"
  shift 3
  # shellcheck disable=SC2086 # the modules are words
  if [ -f "$built" ] && [ -z "$(cd "$home" && find pom.xml $modules \
    \( -name target -o -path "$unused" \) -prune -o -type f -newer "$built" -print | head -n 1)" ]; then
    return
  fi
  if ! command -v mvn > /dev/null; then
    echo "$program: the program must be built first, and there is no mvn: install Maven 3.8.7 or later" >&2
    exit 2
  fi
  echo "$program: building the program (the first time Maven also fetches what it needs; a minute or two)" >&2
  rm -f "$built" # it is written last: a mark that all is built
  (cd "$home" && mvn -B -ntp -q -am -Djacoco.skip=true "$@") >&2
  touch "$built"
}
