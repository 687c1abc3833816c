package natt.dns.cloudflare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Text;

import org.junit.jupiter.api.Test;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

class TxtContentTests {

    @Test
    void aTextIsQuotedInStringsOf255Bytes() {
        assertEquals("\"\"", Text.characterStrings(""));
        assertEquals("\"kcp-port=30000\"", Text.characterStrings("kcp-port=30000"));
        assertEquals("\"" + "a".repeat(255) + "\"", Text.characterStrings("a".repeat(255)));
        assertEquals("\"" + "a".repeat(255) + "\" \"a\"", Text.characterStrings("a".repeat(256)));
    }

    @Test
    void whatEndsAStringOrALineIsEscaped() {
        assertEquals("\"a\\\"b\\\\c\\010\\127\"", Text.characterStrings("a\"b\\c\n\u007f"));
        assertEquals("\"\\195\\188\"", Text.characterStrings("ü"));
    }

    @Test
    void quotationMarksAndEscapesComeOff() {
        assertEquals("kcp-port=1", TxtContent.unquote("\"kcp-port=1\""));
        assertEquals("onetwo", TxtContent.unquote(" \"one\"  \"two\" "));
        assertEquals("onetwo", TxtContent.unquote("\"one\"\"two\""));
        assertEquals("a\"b\\cü", TxtContent.unquote("\"a\\\"b\\\\c\\195\\188\""));
        assertEquals("ü", TxtContent.unquote("\"ü\""));
    }

    @Test
    void contentThatIsNotQuotedThroughoutIsItself() {
        for (String each :
                new String[] {
                    "",
                    "kcp-port=1",
                    "\"open",
                    "\"a\" b",
                    "a \"b\"",
                    "\"\\25\"",
                    "\"\\256\"",
                    "\"\\",
                    "\"\\1"
                }) {
            assertEquals(each, TxtContent.unquote(each));
        }
    }

    @Test // Seed 11: a failure replays with the same texts.
    void everyTextComesBack() {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(11);
        for (int round = 0; round < 200; round++) {
            var text = new StringBuilder();
            for (int n = random.nextInt(600); n > 0; n--) {
                text.appendCodePoint(random.nextBoolean() ? random.nextInt(128) : '\u20ac');
            }
            String quoted = Text.characterStrings(text.toString());
            assertEquals(text.toString(), TxtContent.unquote(quoted));
            assertTrue(quoted.chars().allMatch(c -> c >= 0x20 && c < 0x7f), quoted);
        }
    }
}
