package natt.launcher;

import java.lang.System.Logger.Level;
import java.util.Map;

/// `natt id`: prints this node's public key.
final class IdCommand {
    private IdCommand() {}

    static int run(String[] args, Map<String, String> environment) throws Exception {
        var options = new StateOptions();
        if (!CommandLine.parse("natt id", options, args, Map.of())) {
            return CommandLine.DONE;
        }
        CommandLine.configureLog(options, Level.INFO);
        System.out.println(options.identity(environment).publicKey());
        return CommandLine.DONE;
    }
}
