# What preinst took aside: gone, or kept where somebody changed it.
for file in "/etc/dkms/$name-"*.conf.dpkg-remove; do
    [ ! -f "$file" ] || rm -f "$file"
done
for file in "/etc/dkms/$name-"*.conf.dpkg-backup; do
    [ ! -f "$file" ] || mv -f "$file" "${file%.dpkg-backup}.dpkg-bak"
done
