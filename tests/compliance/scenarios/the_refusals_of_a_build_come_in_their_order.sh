quick blink 1.0 'BUILD_EXCLUSIVE_KERNEL="^5"
BUILD_DEPENDS="absent"'
run 77 dkms build blink/1.0 -k "$K"
run 77 dkms build blink/1.0 -k 6.0.0-absent
quick blonk 1.0 'BUILD_DEPENDS="absent"'
run 21 dkms build blonk/1.0 -k 6.0.0-absent
run 13 dkms build blonk/1.0 -k "$K"
run 0 dkms build blonk/1.0 -k "$K" --force
