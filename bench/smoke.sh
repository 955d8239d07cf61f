#!/bin/sh
# SPDX-License-Identifier: MIT
# Each peer that was built does a little of each work, and the harness notices one
# that loses something.
#     smoke.sh BENCH PEERS
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for kind in noop spin sleep start ping noop-trips timed; do
	cat >"$work/$kind" <<-END
		# A little $kind.
		work    $kind
		cost    1000
		workers 2
		bound   4
		items   500
		fixed
		figures ns switches
	END
	case $kind in
	start) sed -i 's/500/1/' "$work/$kind" ;;
	ping) echo "burn 1" >>"$work/$kind" ;;
	noop-trips) echo "only par textbook" >>"$work/$kind" ;;
	timed)
		sed -i 's/500/5/; s/1000$/1000000/' "$work/$kind"
		echo "only par textbook" >>"$work/$kind"
		;;
	esac
	"$1" -r 1 -o "$work/out" "$2" "$work/$kind" >"$work/table" 2>"$work/errors" || {
		cat "$work/errors"
		exit 1
	}
	grep -q '^| par | [0-9]' "$work/table"
done

mkdir "$work/peers"
cat >"$work/peers/peer-liar" <<'END'
#!/bin/sh
echo '{"items": 499, "sum": 124750, "wall_ns": 1000, "cpu_ns": 1, "switches": 1, "peak_kib": 1}'
END
chmod +x "$work/peers/peer-liar"
if "$1" -r 1 -o "$work/out" "$work/peers" "$work/noop" >"$work/table" 2>&1; then
	echo "a peer that lost an item was believed"
	exit 1
fi
