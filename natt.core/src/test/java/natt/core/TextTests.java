package natt.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class TextTests {

    @Test
    void ordinaryTextIsShownAsItIs() {
        assertEquals("v=natt1 a=[2001:db8::1]:30000", Text.escape("v=natt1 a=[2001:db8::1]:30000"));
        assertEquals("Zürich 東京 🙂", Text.escape("Zürich 東京 🙂"));
        assertEquals("", Text.escape(""));
    }

    @Test
    void everyControlCharacterBecomesHexadecimal() {
        for (int c = 0; c < 0x20; c++) {
            assertEquals("a\\x%02xb".formatted(c), Text.escape("a" + (char) c + "b"));
        }
        assertEquals("\\x7f", Text.escape("\u007f"));
        for (int c = 0x80; c < 0xa0; c++) {
            assertEquals("\\xc2\\x%02x".formatted(c), Text.escape("" + (char) c));
        }
    }

    @Test
    void aTerminalSequenceAndASecondLogLineAreDefused() {
        assertEquals("\\x1b[2J\\x0d\\x0aWARN forged", Text.escape("\u001b[2J\r\nWARN forged"));
    }

    @Test
    void bidirectionalAndInvisibleCharactersBecomeTheirUtf8Bytes() {
        assertEquals("\\xe2\\x80\\xae", Text.escape("\u202e"));
        assertEquals("\\xe2\\x81\\xa6", Text.escape("\u2066"));
        assertEquals("\\xe2\\x80\\x8b", Text.escape("\u200b"));
        assertEquals("\\xe2\\x80\\xa8\\xe2\\x80\\xa9", Text.escape("\u2028\u2029"));
        assertEquals("\\xef\\xbb\\xbf", Text.escape("\ufeff"));
        assertEquals("\\xf3\\xa0\\x80\\x81", Text.escape(Character.toString(0xe0001)));
    }

    @Test
    void anUnpairedSurrogateBecomesTheReplacementCharacter() {
        assertEquals("a\\xef\\xbf\\xbdb", Text.escape("a\ud800b"));
        assertEquals("\\xef\\xbf\\xbd", Text.escape("\udc00"));
    }

    @Test
    void aBackslashIsDoubledSoThatNothingPretendsToBeEscaped() {
        assertEquals("\\\\x0a", Text.escape("\\x0a"));
    }

    @Test
    void exactlyTwoHundredCharactersAreKeptAndOneMoreIsCut() {
        assertEquals("a".repeat(200), Text.escape("a".repeat(200)));
        assertEquals("a".repeat(197) + "...", Text.escape("a".repeat(201)));
        assertEquals(200, Text.escape("a".repeat(1_000_000)).length());
    }

    @Test
    void aCutNeverSplitsAnEscapeOrASurrogatePair() {
        String escapes = Text.escape("\n".repeat(300));
        assertEquals("\\x0a".repeat(49) + "...", escapes);
        String pairs = Text.escape("a" + "🙂".repeat(300));
        assertEquals("a" + "🙂".repeat(98) + "...", pairs);
        assertEquals("\\x0a".repeat(50), Text.escape("\n".repeat(50)));
    }

    @Test
    void noCodePointPassesThatMovesTheCursorOrHidesText() {
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            String shown = Text.escape(Character.toString(c));
            assertTrue(shown.length() <= Text.LONGEST_ESCAPED);
            assertFalse(shown.codePoints().anyMatch(Character::isISOControl), shown);
            assertFalse(
                    shown.codePoints()
                            .anyMatch(each -> Character.getType(each) == Character.FORMAT),
                    shown);
        }
    }
}
