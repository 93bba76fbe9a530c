# What busybox's tools do with files: the same must come out on Linux.
mkdir -p tree/a/b tree/c; echo 1 > tree/a/one; echo 22 > tree/a/b/two; printf '333' > tree/c/three; ln -s ../a/one tree/c/link
find tree | sort
find tree -type f -size -2 | sort | xargs cat; echo; find tree -name 'o*' -exec cat {} \;
tar -cf tree.tar tree; tar -tf tree.tar | sort; mkdir out; tar -xf tree.tar -C out; diff -r tree out/tree && echo "tar: the same"
gzip -k tree.tar; gunzip -c tree.tar.gz | cmp - tree.tar && echo "gzip: the same"
cp -r tree copy; mv copy moved; ls moved moved/c; rm -r moved; ls -d moved 2>&1
grep -r 2 tree; grep -c . tree/a/one; grep -v 1 tree/a/one; echo $?
sed -n 's/2/<&>/gp' tree/a/b/two
awk 'BEGIN { for (i = 1; i <= 10; i++) s += i; printf "%d %.3f %s\n", s, s / 3, toupper("awk") }'
printf 'b 2\na 1\nc 3\n' | sort -k2nr | awk '{ print $2 $1 }' | paste -s -d,
printf 'x\nx\ny\n' | uniq -c | tr -s ' '
md5sum tree/a/one tree/c/three; sha256sum < tree/a/one
dd if=/dev/zero of=zeroes bs=4096 count=64 2>/dev/null; wc -c < zeroes; od -A d -t x1 -N 8 zeroes
dd if=zeroes of=zeroes bs=1 seek=300000 count=1 conv=notrunc 2>/dev/null; wc -c < zeroes
truncate -s 10 zeroes; stat -c '%s %F %a' zeroes
head -c 16 /dev/zero | od -A n -t x1 | tr -d ' \n'; echo
head -c 4096 /dev/urandom | wc -c
touch -d '2020-01-02 03:04:05' dated; stat -c '%Y' dated; date -u -r dated '+%F %T'
ln dated hard; stat -c '%h' dated; rm dated; stat -c '%h' hard
chmod 640 hard; stat -c '%a' hard
mkfifo fifo; (echo through the fifo > fifo) & cat fifo; wait
expr 6 \* 7; echo '2 ^ 64' | bc 2>/dev/null || echo "no bc"
printf 'one\ntwo\nthree\n' > l; printf 'one\n2\nthree\n' > r; diff l r
xargs -n 2 echo < l; seq 20 | xargs -P 4 -n 1 echo | sort -n | tr '\n' ' '; echo
echo hello > d1; ln -s d1 l1; cat l1; readlink -f l1 | sed 's,.*/,,'
ln -s loop loop; cat loop 2>&1
mkdir noempty; touch noempty/x; rmdir noempty 2>&1; rm -r noempty; rmdir /etc/passwd 2>&1 | sed 's/.*: //'
cat $(printf 'n%.0s' $(seq 300)) 2>&1 | sed 's/.*: //'
vi -c ':%s/two/zwei/' -c ':wq' l >/dev/null 2>&1 < /dev/null; cat l
cut -d: -f1 /etc/passwd | head -n 1; id -u; whoami
env -i A=1 sh -c 'echo $A'; nohup true 2>/dev/null; timeout 0.1 sleep 5; echo "timeout: $?"
