# Binary sequences with small aperiodic autocorrelations.
#
# The request arrives as JSON, {"function": "sequence", "args": [n]}; the answer is a JSON list of n times 1 or -1.
use strict;
use warnings;

my $request = do { local $/; <STDIN> };
my ($n) = $request =~ /"args":\s*\[(\d+)\]/;

# EVOLVE-BLOCK-START
my $seed   = 7;      # where chance begins
my $starts = 2;      # random sequences to start from
my $steps  = 4.0;    # moves from each start, in units of n
my $tenure = 0.05;   # how long a flipped place stays, in units of n
my $jitter = 0.5;    # how much that varies by chance
# EVOLVE-BLOCK-END

sub energy {
    my ($s) = @_;
    my $sum = 0;
    for my $k (1 .. $n - 1) {
        my $c = 0;
        $c += $s->[$_] * $s->[ $_ + $k ] for 0 .. $n - 1 - $k;
        $sum += $c * $c;
    }
    return $sum;
}

srand($seed);
my ($best, $least);
for my $start (1 .. $starts) {
    my @s    = map { rand() < 0.5 ? 1 : -1 } 1 .. $n;
    my @free = (0) x $n;
    my @c    = (0) x $n;
    for my $k (1 .. $n - 1) { $c[$k] += $s[$_] * $s[ $_ + $k ] for 0 .. $n - 1 - $k }
    for my $step (1 .. int($steps * $n)) {
        my ($place, $lowest);
        for my $i (0 .. $n - 1) {
            next if $free[$i] > $step;
            my $sum = 0;
            for my $k (1 .. $n - 1) {
                my $near = ($i >= $k ? $s[ $i - $k ] : 0) + ($i + $k < $n ? $s[ $i + $k ] : 0);
                my $new = $c[$k] - 2 * $s[$i] * $near;
                $sum += $new * $new;
            }
            ($place, $lowest) = ($i, $sum) if !defined $lowest || $sum < $lowest;
        }
        next if !defined $place;
        for my $k (1 .. $n - 1) {
            my $near = ($place >= $k ? $s[ $place - $k ] : 0) + ($place + $k < $n ? $s[ $place + $k ] : 0);
            $c[$k] -= 2 * $s[$place] * $near;
        }
        $s[$place] = -$s[$place];
        $free[$place] = $step + 1 + $tenure * $n + rand() * $jitter * $n;
        ($best, $least) = ([@s], $lowest) if !defined $least || $lowest < $least;
    }
    ($best, $least) = ([@s], energy(\@s)) if !defined $best;
}
print '[', join(',', @$best), "]\n";
