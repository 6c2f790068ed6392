# expect invalid: one large number, and all else small.
use strict;
use warnings;

my ($n) = <STDIN> =~ /"args":\s*\[(\d+)\]/;
print "[1000", ",0" x ($n - 1), "]";
