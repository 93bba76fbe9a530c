# Pipes and the terminal are used by many, and their servers killed meanwhile: killer.sh ROUNDS. No worker may notice.
work()
{
	done=0
	while [ ! -e stop ]; do
		sum=$(seq 1 400 | cat | sed 's/$/ x/' | while read n x; do echo $n; done | awk '{ s += $1 } END { print s }')
		[ "$sum" = 80200 ] || echo "worker $1: the sum is $sum"
		echo "." > /dev/console || echo "worker $1: the console is lost"
		done=$((done + 1))
	done
	[ $done -gt 0 ] && echo "worker $1 is done"
}

mkdir -p /tmp/killer && cd /tmp/killer || exit 1
for w in 1 2 3 4 5 6; do work $w > result.$w 2>&1 & done
round=0
while [ $round -lt ${1:-5} ]; do
	sleep 2.2
	kill -KILL $(pidof pipe)
	kill -KILL $(pidof console)
	round=$((round + 1))
done
touch stop
wait
echo
cat result.*
echo "killer: $(cat result.* | grep -c 'is done') of 6 are done after $round rounds"
