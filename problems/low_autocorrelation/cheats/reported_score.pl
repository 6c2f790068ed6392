# expect invalid: its own score instead of a sequence.
use strict;
use warnings;

my ($n) = <STDIN> =~ /"args":\s*\[(\d+)\]/;
print "{\"merit\": 99, \"n\": $n}";
