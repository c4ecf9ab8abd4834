# The commands of README's tour are run, and what they say is what tests/e2e/tour.txt, and so README, tells: but for times, and the
# kernel, which is the first of this root. TOUR=write prints the transcript anew.
. /e2e/inside.sh
install_ours
kernel=$(kernels | grep -v -e cloud -e rt | head -n 1)
module_source blink 1.0
rm blink-1.0/dkms.conf
tar czf blink-1.0.tar.gz blink-1.0 && rm -r blink-1.0

# Times are as they are; `…` in the transcript is the kernel that README was written with.
plain() { sed -e "s/$kernel/KERNEL/g" -e 's/6\.1\.0-50-amd64/KERNEL/g' -e 's/ ([0-9.]* s)//' -e 's/[0-9]* minutes ago/a moment ago/' -e 's/ ([0-9]* KiB)//'; }

told=/tmp/told
while IFS= read -r line; do
    case $line in
        '# '*)
            printf '%s\n' "$line"
            bash -c "${line#'# '}" 2>&1 </dev/null | sed "s/$kernel/6.1.0-50-amd64/g" || :
            ;;
    esac
done </e2e/tour.txt >"$told"
[ "${TOUR-}" != write ] || { cat "$told"; exit 0; }
diff <(plain </e2e/tour.txt) <(plain <"$told") || fail 'README tells of something else'
