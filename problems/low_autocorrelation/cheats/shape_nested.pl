# expect invalid: a list of lists.
use strict;
use warnings;

my ($n) = <STDIN> =~ /"args":\s*\[(\d+)\]/;
print "[", join(",", ("[1]") x $n), "]";
