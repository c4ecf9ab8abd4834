source_of hello 1.0 'PATCH[0]="first.patch"
PATCH[1]="second.patch"
PATCH[2]="never.patch"
PATCH_MATCH[1]="^6\."
PATCH_MATCH[2]="^5\."'
mkdir /usr/src/hello-1.0/patches
cat >/usr/src/hello-1.0/patches/first.patch <<'END'
--- a/hello.c
+++ b/hello.c
@@ -6,2 +6,2 @@
 MODULE_LICENSE("GPL");
-MODULE_VERSION("1.0");
+MODULE_VERSION("1.0-first");
END
cat >/usr/src/hello-1.0/patches/second.patch <<'END'
--- a/hello.c
+++ b/hello.c
@@ -6,2 +6,2 @@
 MODULE_LICENSE("GPL");
-MODULE_VERSION("1.0-first");
+MODULE_VERSION("1.0-second");
END
echo nonsense >/usr/src/hello-1.0/patches/never.patch
run 0 dkms install hello/1.0 -k "$K"
version_is "$(at hello)" 1.0-second
holds /usr/src/hello-1.0/hello.c '"1.0"'
