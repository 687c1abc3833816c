package natt.discovery.portmap.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Optional;
import java.util.SplittableRandom;

class XmlElementTests {
    @Test
    void elementsTextsAndPrefixesAreRead() {
        XmlElement root =
                parse(
                        """
                        <?xml version="1.0"?>
                        <!-- a > b -->
                        <s:a x="1>2" y='"'><b> one &amp; &#x41;&#66;</b><c/><b>two</b></s:a>
                        """);
        assertEquals("a", root.name());
        assertEquals(3, root.children().size());
        assertEquals("one & AB", root.textOf("b"));
        assertEquals("", root.textOf("c"));
        assertEquals("", root.textOf("missing"));
    }

    @Test
    void characterDataIsText() {
        assertEquals("<x>&", parse("<a><![CDATA[<x>&]]></a>").text());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "text",
                "<a>",
                "<a></b>",
                "</a>",
                "<a/><b/>",
                "<a/>text",
                "<a",
                "<a x='></a>",
                "<a>&unknown;</a>",
                "<a>&#x110000;</a>",
                "<a>& </a>",
                "<a><![CDATA[</a>",
                "<!-- <a/>",
                "<><a/></>",
                "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
                "<!DOCTYPE a><a/>",
                "<a><!ELEMENT b></a>",
            })
    void whatIsMalformedOrHasADtdIsNone(String document) {
        assertEquals(Optional.empty(), XmlElement.parse(document));
    }

    @Test
    void sizeDepthAndNumberAreBounded() {
        assertEquals(true, XmlElement.parse(nested(32)).isPresent());
        assertEquals(Optional.empty(), XmlElement.parse(nested(33)));
        assertEquals(true, XmlElement.parse("<a>" + "<b/>".repeat(3_999) + "</a>").isPresent());
        assertEquals(Optional.empty(), XmlElement.parse("<a>" + "<b/>".repeat(4_000) + "</a>"));
        String filled = "<a>" + "x".repeat(XmlElement.LONGEST - 7) + "</a>";
        assertEquals(true, XmlElement.parse(filled).isPresent());
        assertEquals(Optional.empty(), XmlElement.parse(filled + " "));
    }

    @Test
    void documentsOfRandomPiecesNeverThrow() {
        String[] pieces = {
            "<",
            ">",
            "/",
            "a",
            "</a>",
            "<a>",
            "<b x='1'>",
            "</b>",
            "&amp;",
            "&",
            ";",
            "<!",
            "<!--",
            "-->",
            "<?",
            "?>",
            "<![CDATA[",
            "]]>",
            "\"",
            "'",
            " ",
            "\0",
            "\ud800",
            "&#55296;"
        };
        var random = new SplittableRandom(9);
        for (int i = 0; i < 100_000; i++) {
            var document = new StringBuilder();
            for (int n = random.nextInt(20); n > 0; n--) {
                document.append(pieces[random.nextInt(pieces.length)]);
            }
            XmlElement.parse(document.toString());
        }
    }

    private static String nested(int depth) {
        return "<a>".repeat(depth) + "</a>".repeat(depth);
    }

    private static XmlElement parse(String document) {
        return XmlElement.parse(document).orElseThrow();
    }
}
