package natt.example;

import natt.core.node.AllowList;
import natt.core.node.ForwardSpec;
import natt.core.node.Node;
import natt.core.node.NodeConfig;
import natt.core.node.NodeStream;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Two nodes in one program: bob has an echo service, alice reaches it by his name.
public final class Example {
    private Example() {}

    /// @param args the broker, `[KEY@]HOST[:PORT]`; a directory for the keys; the port of an echo
    ///     service of this machine
    public static void main(String[] args) throws IOException {
        Path alices = Files.createDirectories(Path.of(args[1], "alice"));
        Path bobs = Files.createDirectories(Path.of(args[1], "bob"));
        NodeConfig alice = NodeConfig.in(alices, args[0]).name("alice").build();
        Path friends = bobs.resolve("authorized_clients");
        Files.writeString(friends, alice.identity().publicKey() + " alice\n");
        NodeConfig bob =
                NodeConfig.in(bobs, args[0]).name("bob").authorizedClients(friends).build();
        try (Node listening = Node.start(bob);
                Node calling = Node.start(alice)) {
            listening.listen(AllowList.of(args[2], "exec:sh -c 'exit 3'"));
            try (NodeStream stream = calling.open("bob", args[2])) {
                stream.output().write("hello, bob".getBytes(StandardCharsets.UTF_8));
                stream.output().close();
                byte[] said = stream.input().readAllBytes();
                System.out.println("bob said: " + new String(said, StandardCharsets.UTF_8));
            }
            try (NodeStream command = calling.open("bob", "exec:sh -c 'exit 3'")) {
                System.out.println("status: " + command.ended().join().status().getAsInt());
            }
            var forward = ForwardSpec.parse("0:bob:" + args[2], List.of());
            System.out.println("forwarding from: " + calling.forward(forward));
            try {
                calling.open("bob", "1");
            } catch (IOException refused) {
                System.out.println("refused: " + refused.getMessage());
            }
        }
    }
}
