# Differences that every scenario would show, taken out of both records. Each with its reason.

# Ours keeps Module.symvers beside the modules, as DKMS does since 3.1: modules that depend on this one need it.
/ tree [^ ]*\/module\/Module\.symvers/d

# What modinfo does not say leaves a blank at the end of a line.
s/ +$//
