package natt.core.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;

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

    @Test
    void whatTellsNothingHasNothing() throws IOException {
        assertEquals(false, hasAes(""));
    }
}
