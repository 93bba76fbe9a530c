# Runs a program in a new directory: sh run.sh PROGRAM ARGUMENTS... Its output stands between two marks.
dir=/tmp/run.$$
mkdir $dir && cd $dir || exit 1
echo "run: begin"
{ "$@"; echo $? > $dir.status; } </dev/null 2>&1 | cat # no terminal
status=$(cat $dir.status)
cd / && rm -rf $dir
echo "run: end $status"
exit $status
