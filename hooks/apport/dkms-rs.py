# What a problem report about dkms-rs has besides what every report has (apport's package hooks): which modules stand how, and
# the logs of builds that failed. Nothing of it is anybody's secret; what goes out is shown before it goes.
import glob

from apport.hookutils import attach_file_if_exists, command_output


def add_info(report, ui=None):
    report["DkmsStatus"] = command_output(["dkms", "status"])
    report["DkmsCheck"] = command_output(["dkms", "check"])
    for log in sorted(glob.glob("/var/lib/dkms/*/*/build/make.log")):
        name = "".join(c if c.isalnum() else "_" for c in log.split("/")[4])
        attach_file_if_exists(report, log, "DkmsMakeLog_" + name)
