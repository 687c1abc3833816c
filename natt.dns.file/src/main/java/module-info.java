import org.jspecify.annotations.NullMarked;

/// Records in a zone-file fragment: the embedded default of a demo, a LAN or a test.
///
/// @provides natt.core.spi.DnsProvider under the id `file`: keeps records in the file
/// @provides natt.core.spi.NameLookup under the id `file`: looks records up in the file
@NullMarked
module natt.dns.file {
    requires natt.core;
    requires static org.jspecify;

    provides natt.core.spi.DnsProvider with
            natt.dns.file.FileDnsProvider;
    provides natt.core.spi.NameLookup with
            natt.dns.file.FileNameLookup;
}
