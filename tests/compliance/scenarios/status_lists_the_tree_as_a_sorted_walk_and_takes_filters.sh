quick one 1.0
quick one 2.0
quick two 1.0
dkms install one/1.0 -k "$K"
dkms build one/1.0 -k "$L"
dkms add one/2.0
dkms build two/1.0 -k "$L"
shows 0 dkms status
shows 0 dkms status one
shows 0 dkms status one/2.0
shows 0 dkms status -m one -v 1.0
shows 0 dkms status -k "$K"
shows 0 dkms status -m one -k "$L"
shows 0 dkms status -m 'o*'
shows 0 dkms status -m one -v 1.0 -k "$K/$ARCH"
shows 0 dkms status -m one -v 1.0 -k "$K" -a i686
shows 0 dkms status -a "$ARCH"
shows 0 dkms status -m none
shows 0 dkms status -m one -v 9
shows 0 dkms status -k 5.0
printed "$(printf '%s: added\n' one/1.0 one/2.0 two/1.0)"
shows 0 dkms status -k "$K" -k "$L"
