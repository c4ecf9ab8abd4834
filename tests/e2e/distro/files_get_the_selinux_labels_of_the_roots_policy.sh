# root: selinux
. /e2e/inside.sh
install_ours
kernel=$(kernels | tail -n 1)
module_source blink 1.0
cp -r blink-1.0 /usr/src/
label() { getfattr --absolute-names --only-values -n security.selinux "$1" 2>/dev/null | tr -d '\0' || :; }
# What the policy says of a path, asked by a program of SELinux's own.
wanted() { matchpathcon -n "$1"; }
labelled() {
    local path
    for path; do
        echo "$path: $(label "$path")"
        [ "$(label "$path")" = "$(wanted "$path")" ] || fail "$path should be $(wanted "$path")"
    done
}
setfattr -n security.selinux -v user_u:object_r:user_home_t:s0 /root || fail 'this file system takes no labels'

step 'a root with a policy that is not in force, as in an image that is being made'
ends_with 0 dkms install blink/1.0 -k "$kernel"
file=$(module_files blink "$kernel")
[[ $(wanted "$file") == *:modules_object_t:* ]] || fail "the policy says nothing of modules: $(wanted "$file")"
labelled "$file" "${file%/*}" "/lib/modules/$kernel/updates"
[ -z "$(label "/lib/modules/$kernel")" ] || fail 'the folder of the kernel is not ours to label'

step 'what an older label was like does not matter'
setfattr -n security.selinux -v system_u:object_r:var_lib_t:s0 "$file"
ends_with 0 dkms install blink/1.0 -k "$kernel" --force
labelled "$file"

step 'an original that comes back'
ends_with 0 dkms uninstall blink/1.0 -k "$kernel"
mkdir -p "/lib/modules/$kernel/extra"
echo original >"/lib/modules/$kernel/extra/blink.ko"
ends_with 0 dkms install blink/1.0 -k "$kernel" --force
saved=$(find /var/lib/dkms/blink/original_module -name blink.ko)
setfattr -n security.selinux -v system_u:object_r:var_lib_t:s0 "$saved"
ends_with 0 dkms uninstall blink/1.0 -k "$kernel"
[ "$(cat "/lib/modules/$kernel/extra/blink.ko")" = original ] || fail 'the original did not come back'
labelled "/lib/modules/$kernel/extra/blink.ko"
rm "/lib/modules/$kernel/extra/blink.ko"

step 'links into the tree keep its label: a warning'
ends_with 0 dkms install blink/1.0 -k "$kernel" --symlink-modules
told 'symlinks into the DKMS tree keep its label; SELinux may refuse'
ends_with 0 dkms uninstall blink/1.0 -k "$kernel"

step 'the policy is switched off'
sed -i 's/^SELINUX=.*/SELINUX=disabled/' /etc/selinux/config
ends_with 0 dkms install blink/1.0 -k "$kernel"
[ -z "$(label "$file")" ] || fail "labelled all the same: $(label "$file")"
ends_with 0 dkms uninstall blink/1.0 -k "$kernel"

step 'a tool that is missing is told, and the module is there'
sed -i 's/^SELINUX=.*/SELINUX=enforcing/' /etc/selinux/config
rm /usr/sbin/setfiles
ends_with 0 dkms install blink/1.0 -k "$kernel"
told 'the SELinux labels of the installed modules were not set'
installed blink 1.0 "$kernel"
