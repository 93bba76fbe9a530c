# Hundreds of processes at once: every one must have its turn and its right result.
jobs=${1:-400}
i=0
while [ $i -lt $jobs ]; do
	(r=$(echo $i | tr 0-9 a-j | cat); echo "$i $r" > result.$i; exit $((i % 7))) &
	pids="$pids $!"
	i=$((i + 1))
done
i=0
for pid in $pids; do
	wait $pid; status=$?
	[ $status = $((i % 7)) ] || echo "job $i: status $status"
	i=$((i + 1))
done
cat result.* | sort -n | awk '{ n++; s += $1 } END { print n, s, $2 }'
seq $jobs | xargs -P 32 -n 10 sh -c 'echo $#' | sort | uniq -c | tr -s ' '
