certificate='@CERTIFICATE@'
if command -v mokutil >/dev/null 2>&1 && [ -r "$certificate" ] &&
    mokutil --sb-state </dev/null 2>/dev/null | grep -qi 'secureboot enabled' &&
    ! mokutil --test-key "$certificate" </dev/null 2>/dev/null | grep -qi 'already enrolled'; then
    echo '@PACKAGE@'": Secure Boot is on: enrol the certificate with \"mokutil --import $certificate\" and restart" >&2
fi
