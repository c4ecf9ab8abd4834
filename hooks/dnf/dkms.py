"""Would modules build for the kernels that are about to be installed? framework.conf(5), preflight."""

import os
import subprocess

import dnf
import dnf.exceptions

EVENT = "/usr/lib/dkms/event"


class Dkms(dnf.Plugin):
    name = "dkms"

    def pre_transaction(self):
        transaction = self.base.transaction
        if not transaction or not os.access(EVENT, os.X_OK):
            return
        words = [package.localPkg() for package in transaction.install_set]
        words += ["-" + str(package) for package in transaction.remove_set]
        # Only this code ends the transaction; whatever else goes wrong stops nothing.
        if subprocess.call([EVENT, "dnf-preflight", *words], stdin=subprocess.DEVNULL) == 10:
            raise dnf.exceptions.Error("a kernel would be without a module that it must have (dkms)")
