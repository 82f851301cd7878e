# shellcheck shell=bash
# What the scripts say, and how they run something that takes long.
#
# The screen holds one line a step: what was done and how long it took. Everything else goes to one log file a step, and the
# end of that file is shown when the step fails.

say() { printf 'cluster: %s\n' "$*"; }

die() {
  printf 'cluster: %s\n' "$*" >&2
  exit 1
}

# step LABEL COMMAND...: runs COMMAND in the background and says how long it took. While it runs, a line every 20 s says what
# the function named in PROGRESS makes of the log so far. COMMAND may be a function, but what it assigns is lost.
step() {
  local label=$1 log begin=$EPOCHREALTIME next=20
  shift
  mkdir -p "$LOGS"
  log=$LOGS/${label//[^[:alnum:]]/-}.log

  # Job control gives the step a process group of its own, so that an interrupt ends the compiler and not only the shell above it.
  # Descriptor 9 is the lock, which an engine that outlives this script must not hold.
  set -m
  ("$@") >"$log" 2>&1 </dev/null 9>&- &
  STEP=$!
  set +m
  trap 'kill -TERM -- "-$STEP" 2>/dev/null; exit 130' INT TERM

  while kill -0 "$STEP" 2>/dev/null; do
    sleep 0.1
    if (($(seconds_since "$begin") >= next)); then
      # shellcheck disable=SC2086 # a command and its arguments
      say "$label … $next s${PROGRESS:+, $($PROGRESS "$log")}"
      next=$((next + 20))
    fi
  done
  if ! wait "$STEP"; then
    tail -n 20 "$log" >&2
    die "$label failed after $(seconds_since "$begin") s; all of its output: $log"
  fi
  trap - INT TERM
  say "$label … $(tenths_since "$begin") s"
}

# EPOCHREALTIME has exactly six digits after the point: without the point it counts microseconds.
seconds_since() { echo $(((${EPOCHREALTIME/./} - ${1/./}) / 1000000)); }

tenths_since() {
  local tenths=$(((${EPOCHREALTIME/./} - ${1/./}) / 100000))
  echo "$((tenths / 10)).$((tenths % 10))"
}
