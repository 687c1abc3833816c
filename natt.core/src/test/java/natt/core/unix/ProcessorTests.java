package natt.core.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;

class ProcessorTests {
    private static boolean hasAes(String description) throws IOException {
        return Processor.hasAes(new BufferedReader(new StringReader(description)));
    }

    @ParameterizedTest
    @CsvSource({
        "flags, fpu pclmulqdq ssse3 aes avx, true",
        "flags, aes fpu pclmulqdq, true",
        "flags, fpu vaes vpclmulqdq avx, false",
        "flags, fpu aes avx, false",
        "flags, fpu pclmulqdq avx, false",
        "Features, fp asimd evtstrm aes pmull sha1, true",
        "Features, fp asimd evtstrm crc32 cpuid, false",
        "isa, aes pclmulqdq, false"
    })
    void readsTheFlagsOfTheFirstProcessor(String name, String flags, boolean expected)
            throws IOException {
        String first = "processor\t: 0\nmodel name\t: Some aes pclmulqdq\n\n";
        String other = "\nprocessor\t: 1\nflags\t\t: aes pclmulqdq\n";
        assertEquals(
                expected,
                hasAes(first + name + "\t\t: " + flags + "\n" + (name.equals("isa") ? "" : other)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            value = {
                "cpu:type:x86,ven0002fam0019mod0011:feature:,0000,0081,0082,0099,00C0, true",
                "cpu:type:x86,ven0002fam0019mod0011:feature:,0000,0081,0082,00C0, false",
                "cpu:type:x86,ven0002fam0019mod0011:feature:,0000,0003,0004,0099, false",
                "cpu:type:aarch64:feature:,0000,0001,0003,0004,0005, true",
                "cpu:type:aarch64:feature:,0000,0001,0004,0081,0099, false",
                "cpu:type:riscv:feature:,0003,0004,0081,0099, false"
            })
    void readsTheAliasWhereTheDescriptionIsHidden(String alias, boolean expected) {
        assertEquals(expected, Processor.aliasHasAes(alias + "\n"));
    }

    /// So that a service without `/proc/cpuinfo` has the cipher that it has with it.
    @Test
    void bothSourcesOfThisMachineAgree() throws IOException {
        Path alias = Path.of("/sys/devices/system/cpu/modalias");
        assumeTrue(Files.isReadable(alias), "this machine has no alias for its processors");
        assertEquals(Processor.hasAes(), Processor.aliasHasAes(Files.readString(alias)));
    }

    @Test
    void whatTellsNothingHasNothing() throws IOException {
        assertEquals(false, hasAes(""));
        assertEquals(false, Processor.aliasHasAes(""));
    }
}
