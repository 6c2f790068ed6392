# expect invalid: nearly zero, and of the right sign.
use strict;
use warnings;

my ($n) = <STDIN> =~ /"args":\s*\[(\d+)\]/;
print "[", join(",", map { $_ % 2 ? 1e-9 : -1e-9 } 1 .. $n), "]";
