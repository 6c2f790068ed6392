# expect invalid: true and false in place of numbers.
use strict;
use warnings;

my ($n) = <STDIN> =~ /"args":\s*\[(\d+)\]/;
print "[", join(",", ("true") x $n), "]";
