package natt.discovery.portmap.proto;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The calls of a gateway's actions (UPnP Device Architecture 1.1, section 3).
public final class Soap {
    private static final int LONGEST_WORDS = 80;

    private Soap() {}

    /// An argument of an action.
    ///
    /// @param value without characters that XML would read as markup
    public record Argument(String name, String value) {
        public Argument(String name, long value) {
            this(name, Long.toString(value));
        }
    }

    /// What a gateway answers.
    public sealed interface Reply {
        /// @param values the results by name
        record Done(Map<String, String> values) implements Reply {}

        /// @param words what the gateway calls it, printable ASCII
        record Fault(int code, String words) implements Reply {}
    }

    /// The name of the action in the header of a call.
    public static String header(String serviceType, String action) {
        return "\"" + serviceType + "#" + action + "\"";
    }

    public static byte[] call(String serviceType, String action, List<Argument> arguments) {
        var body = new StringBuilder(512);
        body.append("<?xml version=\"1.0\"?>\r\n<s:Envelope xmlns:s=\"")
                .append("http://schemas.xmlsoap.org/soap/envelope/\" s:encodingStyle=\"")
                .append("http://schemas.xmlsoap.org/soap/encoding/\"><s:Body><u:")
                .append(action)
                .append(" xmlns:u=\"")
                .append(serviceType)
                .append("\">");
        for (Argument each : arguments) {
            body.append('<').append(each.name()).append('>').append(each.value());
            body.append("</").append(each.name()).append('>');
        }
        body.append("</u:").append(action).append("></s:Body></s:Envelope>\r\n");
        return body.toString().getBytes(StandardCharsets.US_ASCII);
    }

    /// Reads what came back; empty if it is no answer to this action.
    public static Optional<Reply> read(String document, String action) {
        Optional<XmlElement> body =
                XmlElement.parse(document)
                        .filter(root -> root.name().equals("Envelope"))
                        .flatMap(root -> root.find("Body"));
        if (body.isEmpty() || body.get().children().isEmpty()) {
            return Optional.empty();
        }
        XmlElement answer = body.get().children().getFirst();
        if (answer.name().equals(action + "Response")) {
            var values = new HashMap<String, String>();
            answer.children().forEach(each -> values.put(each.name(), each.text()));
            return Optional.of(new Reply.Done(Map.copyOf(values)));
        }
        if (!answer.name().equals("Fault")) {
            return Optional.empty();
        }
        return answer.find("UPnPError")
                .filter(error -> error.textOf("errorCode").matches("[0-9]{1,5}"))
                .map(
                        error ->
                                new Reply.Fault(
                                        Integer.parseInt(error.textOf("errorCode")),
                                        words(error.textOf("errorDescription"))));
    }

    /// A gateway's words, cut, without what a terminal or a log could take for more than words.
    static String words(String foreign) {
        var out = new StringBuilder();
        for (int i = 0; i < Math.min(foreign.length(), LONGEST_WORDS); i++) {
            char c = foreign.charAt(i);
            out.append(c >= ' ' && c < 0x7f && c != '\\' ? c : '?');
        }
        return out.toString();
    }
}
