#!/usr/bin/perl
# efivars.pl VARS NAME:KIND:FILE...: lays variables into the flash image of OVMF, a variable store of authenticated variables
# (edk2, MdeModulePkg/Include/Guid/VariableFormat.h). A variable of that name that is there keeps what it has, and gets more.
#   x509     a certificate (DER) as a signature list
#   digest   the SHA-256 of a certificate's signed part (32 bytes) as one, without a time of revocation
#   digest48 the same with a time of revocation that has passed, as the UEFI specification has it
#   byte     in place of a file, the number that becomes the whole variable
# What only shim may write, MokList and MokListX, can be laid in no other way: to a running system its variables are read-only.
use strict;
use warnings;

my ($global, $databases, $shim, $switch) =
    ('8be4df61-93ca-11d2-aa0d-00e098032b8c', 'd719b2cb-3d3a-4596-a3bc-dad00e67656f',
     '605dab50-e046-4300-abb6-3dd810dd8b23', 'f0a30bc7-af08-4556-99c4-001009c93a44');
# Attributes: 1 non-volatile, 2 boot services, 4 run time, 0x20 authenticated by time.
my %known = (
    PK => [$global, 0x27], KEK => [$global, 0x27], db => [$databases, 0x27], dbx => [$databases, 0x27],
    MokList => [$shim, 3], MokListX => [$shim, 3], MokSBState => [$shim, 3], SecureBootEnable => [$switch, 3],
);
my %kinds = (x509 => 'a5c059a1-94e4-4aa7-87b5-ab155c2bf072', digest => '3bd2a492-96c0-4079-b420-fcf98ef103ed',
             digest48 => '3bd2a492-96c0-4079-b420-fcf98ef103ed');
my $head = 60;

sub content { open my $file, '<:raw', $_[0] or die "$_[0]: $!\n"; local $/; return scalar <$file> }
sub guid {
    my @parts = split /-/, $_[0];
    return pack('VvvH4H12', hex $parts[0], hex $parts[1], hex $parts[2], $parts[3], $parts[4]);
}
sub signature_list {
    my ($kind, $data) = @_;
    $data .= pack('vCCCCCCVvCC', 2020, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0) if $kind eq 'digest48';
    return guid($kinds{$kind}) . pack('VVV', 28 + 16 + length $data, 0, 16 + length $data) . "\0" x 16 . $data;
}

my ($image, @wishes) = @ARGV;
my $flash = content($image);
my $store = unpack 'v', substr $flash, 48, 2; # the header of the firmware volume is so long

# Each variable's place and size; the end of all last.
sub variables {
    my ($at, @found) = ($store + 28);
    while (unpack('v', substr $flash, $at, 2) == 0x55aa) {
        my ($state, $name_size, $data_size) = (unpack('C', substr $flash, $at + 2, 1), unpack 'VV', substr $flash, $at + 36, 8);
        my $name = pack 'C*', unpack 'v*', substr $flash, $at + $head, $name_size - 2;
        my $data = substr $flash, $at + $head + $name_size, $data_size;
        push @found, { at => $at, name => $name, data => $data } if $state == 0x3f;
        $at = ($at + $head + $name_size + $data_size + 3) & ~3;
    }
    return (\@found, $at);
}

for my $wish (@wishes) {
    my ($name, $kind, $what) = split /:/, $wish, 3;
    my ($owner, $attributes) = @{ $known{$name} or die "no variable $name\n" };
    my ($found, $end) = variables();
    my $data = '';
    for my $variable (grep { $_->{name} eq $name } @$found) {
        $data = $variable->{data};
        substr $flash, $variable->{at} + 2, 1, "\x3d"; # deleted
    }
    $data = $kind eq 'byte' ? pack('C', $what) : $data . signature_list($kind, content($what));
    my $wide = pack 'v*', unpack('C*', $name), 0;
    my $time = $attributes & 0x20 ? pack 'vCCCCCCVvCC', 2020, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0 : "\0" x 16;
    my $variable = pack('vCCVQ<', 0x55aa, 0x3f, 0, $attributes, 0) . $time .
        pack('VVV', 0, length $wide, length $data) . guid($owner) . $wide . $data;
    substr $flash, $end, length $variable, $variable;
}
open my $file, '>:raw', $image or die "$image: $!\n";
print $file $flash;
close $file or die "$image: $!\n";
