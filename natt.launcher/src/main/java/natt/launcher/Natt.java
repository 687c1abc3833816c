package natt.launcher;

import natt.core.node.Installed;

import java.util.Arrays;
import java.util.List;

/// natt: the commands beside natts and nattc.
public final class Natt {
    private static final String USAGE =
            """
            natt reaches a machine behind a NAT, peer to peer.

              natts            beside the service: publishes its public address
              nattc            on the way to it: an ssh ProxyCommand, or a local port
              natt listen      lets named peers reach what it allows, by a broker
              natt forward     carries TCP ports or standard input and output to a named peer
              natt tun         carries IP packets to peers, by a network device of its own
              natt wg          finds the peers of a WireGuard interface, and carries for it
              natt broker      joins nodes that cannot reach each other
              natt id          prints this node's public key, which is its identity
              natt ticket      prints what a client needs to reach this node
              natt keygen      makes an identity or a shared secret in a file
              natt demo        shows natts and nattc on this machine, in a few seconds
              natt doctor      tells what this network allows, and what to do about it
              natt status      tells how the running natts and nattc are
              natt providers   lists what is installed

            Each with --help.\
            """;

    private Natt() {}

    public static void main(String[] args) {
        CommandLine.exit("natt", () -> run(args));
    }

    private static int run(String[] args) throws Exception {
        String command = args.length == 0 ? "" : args[0];
        var rest = Arrays.copyOfRange(args, Math.min(1, args.length), args.length);
        return switch (command) {
            case "listen" -> PeerCommand.listen(rest, System.getenv());
            case "forward" -> PeerCommand.forward(rest, System.getenv());
            case "tun" -> TunCommand.run(rest, System.getenv());
            case "wg" -> WgCommand.run(rest, System.getenv());
            case "broker" -> BrokerCommand.run(rest, System.getenv());
            case "doctor" -> DoctorCommand.run(rest, System.getenv());
            case "id" -> IdCommand.run(rest, System.getenv());
            case "ticket" -> TicketCommand.run(rest, System.getenv());
            case "keygen" -> KeygenCommand.run(rest);
            case "demo" -> Demo.run(rest);
            case "status" -> Status.run(rest, System.getenv());
            case "providers" -> providers(rest);
            case "--version", "-version" -> {
                System.out.println("natt " + CommandLine.version());
                yield CommandLine.DONE;
            }
            case "--help", "-help", "-h", "help" -> {
                System.out.println(USAGE);
                yield CommandLine.DONE;
            }
            case "" -> throw new UsageException("which command?");
            default -> throw new UsageException("there is no command '" + command + "'");
        };
    }

    private static int providers(String[] args) {
        if (args.length > 0) {
            if (List.of("--help", "-help", "-h").contains(args[0])) {
                System.out.println(
                        "natt providers: one line a service, its providers' ids after it");
                return CommandLine.DONE;
            }
            throw new UsageException("providers takes no options");
        }
        Installed.load(CommandLine.plugins())
                .ids()
                .forEach(
                        (service, ids) ->
                                System.out.println(service + " " + String.join(" ", ids)));
        return CommandLine.DONE;
    }
}
