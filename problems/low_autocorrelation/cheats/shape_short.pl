# expect invalid: a Barker sequence of 13 scores 14.08, and n is longer.
use strict;
use warnings;

my ($n) = <STDIN> =~ /"args":\s*\[(\d+)\]/;
print "[1,1,1,1,1,-1,-1,1,1,-1,1,-1,1]";
