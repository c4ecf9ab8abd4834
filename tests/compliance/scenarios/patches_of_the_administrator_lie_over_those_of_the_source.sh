quick blink 1.0 'MAKE[0]="cat text >/tmp/text; cp /quick/$kernelver/one.ko blink.ko"
PATCH[0]=one.patch
PATCH[1]=sub/two.patch'
cd /usr/src/blink-1.0
echo one >text
mkdir patches
patch_to() { printf -- '--- a/text\n+++ b/text\n@@ -1 +1 @@\n-%s\n+%s\n' "$1" "$2"; }
patch_to one two >patches/one.patch
mkdir -p /etc/dkms/blink/patches/sub
patch_to two three >/etc/dkms/blink/patches/sub/two.patch
cd /root
run 0 dkms build blink/1.0 -k "$K"
shows 0 cat /tmp/text
run 0 dkms unbuild blink/1.0 -k "$K"
later sh -c 'printf "%s\n" "--- a/text" "+++ b/text" "@@ -1 +1 @@" "-one" "+two" >/etc/dkms/blink/patches/one.patch'
later sh -c 'printf "%s\n" "--- a/text" "+++ b/text" "@@ -1 +1 @@" "-two" "+four" >/etc/dkms/blink/patches/sub/two.patch'
run 0 dkms build blink/1.0 -k "$K"
shows 0 cat /tmp/text
hasnt /usr/src/blink-1.0/patches/sub
