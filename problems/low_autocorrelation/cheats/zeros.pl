# expect invalid: zeros have no autocorrelation at all.
use strict;
use warnings;

my ($n) = <STDIN> =~ /"args":\s*\[(\d+)\]/;
print "[", join(",", (0) x $n), "]";
