# expect error: it fails, with a message for its author.
use strict;
use warnings;

my ($n) = <STDIN> =~ /"args":\s*\[(\d+)\]/;
die "no sequence of length $n today\n";
