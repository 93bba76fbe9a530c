# What every Bourne shell does: run by ash, bash and dash, here and on Linux; the same must come out.
echo "pipeline: $(echo one two three | tr ' ' '\n' | sort -r | head -n 2 | tr '\n' ' ')"
echo "status: $(false; echo $?) $(true; echo $?) $(sh -c 'exit 42'; echo $?) $(sh -c 'kill -TERM $$'; echo $?)"
echo "no such program: $(no-such-program 2>/dev/null; echo $?)"
echo "not executable: $(/etc/passwd 2>/dev/null; echo $?)"
double() { echo $(($1 * 2)); }
echo "function: $(double 21)"
x=abc.def.ghi
echo "expansions: ${x#*.} ${x##*.} ${x%.*} ${x%%.*} ${#x} ${y:-unset} ${x:+set}"
i=0
while [ $i -lt 5 ]; do i=$((i + 1)); [ $i = 3 ] && continue; printf '%s ' "loop$i"; done; echo
for word in "a b" c; do echo "word: $word"; done
case file.txt in *.c) echo C ;; *.txt) echo text ;; esac
cat <<END
here-document: $((6 * 7))
END
{ echo out; echo err >&2; } 2>&1 | sort
(cd /; pwd); pwd | sed 's/.*/where we were/'
echo redirected > file; echo more >> file; cat < file; wc -c < file
exec 3> third; echo three >&3; exec 3>&-; cat third
set -- a "b c" d; echo "arguments: $# $2"; shift; echo "shifted: $1"
trap 'echo trapped' USR1; kill -USR1 $$; trap - USR1
(trap 'echo subshell leaves' EXIT; exit 3); echo "subshell: $?"
sleep 0.05 & pid=$!; wait $pid; echo "waited: $?"
sleep 10 & pid=$!; kill $pid; wait $pid 2>/dev/null; echo "killed: $?"
for n in 1 2 3 4 5 6 7 8; do (echo "child $n") & done | sort; wait
read first rest <<END
alpha beta gamma
END
echo "read: $first, $rest"
echo 'a:b:c' | while IFS=: read -r p q r; do echo "$r$q$p"; done
seq 1 2000 | tail -n 1
yes | head -n 3 | wc -l
umask 027; : > private; ls -l private | cut -c1-10; umask 022
ln -s file link; [ -L link ] && readlink link
test -d . && test -f file && test -x /bin/sh && echo "tests"
echo *
trap 'echo goodbye' EXIT
eval 'echo $((1 << 10))'
