# shellcheck shell=bash
# All parts, in the order in which they build on each other.

lib=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=console.sh
source "$lib/console.sh"
# shellcheck source=cache.sh
source "$lib/cache.sh"
# shellcheck source=packages.sh
source "$lib/packages.sh"
# shellcheck source=tools.sh
source "$lib/tools.sh"
# shellcheck source=engine.sh
source "$lib/engine.sh"
# shellcheck source=../node/build.sh
source "$lib/../node/build.sh"
# shellcheck source=image.sh
source "$lib/image.sh"
# shellcheck source=nodes.sh
source "$lib/nodes.sh"
