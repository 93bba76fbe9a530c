# What bash alone can: the same must come out on Linux.
declare -A map=([one]=1 [two]=2); echo "${map[one]}${map[two]} ${#map[@]}"
list=({a..e}); echo "${list[@]:1:3} ${list[-1]}"
[[ abc123 =~ ([a-z]+)([0-9]+) ]] && echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
printf -v text '%05.2f' 3.14159; echo "$text"
echo "${text//./,} $((16#ff)) $((2 ** 40))"
mapfile -t lines < <(seq 3); echo "${lines[*]}"
cat <(echo process) <(echo substitution)
exec {fd}<> both; echo written >&$fd; exec {fd}>&-; cat both
coproc cat; echo through a coprocess >&${COPROC[1]}; read -r line <&${COPROC[0]}; echo "$line"; kill $COPROC_PID; wait 2>/dev/null
set -o pipefail; false | true; echo "pipefail: $?"
read -t 0.05 -r nothing < <(sleep 1); echo "timed out: $(($? > 128))"
select x in a b; do echo "$x"; break; done <<< 2 2>/dev/null
trap 'echo "caught $BASH_SUBSHELL"' INT; kill -INT $BASHPID
{ sleep 0.1; exit 5; } & wait -n; echo "wait -n: $?"
echo $SECONDS | grep -c '^[0-9]'
time_out=$( { time true; } 2>&1 | grep -c real); echo "time: $time_out"
f() { local x=$1; ((x > 0)) && { echo -n "$x "; f $((x - 1)); }; }; f 30; echo
