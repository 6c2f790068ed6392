# expect invalid: numbers as text.
use strict;
use warnings;

my ($n) = <STDIN> =~ /"args":\s*\[(\d+)\]/;
print "[", join(",", map { "\"1\"" } 1 .. $n), "]";
