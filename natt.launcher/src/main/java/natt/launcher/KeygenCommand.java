package natt.launcher;

import natt.core.keys.KeyFiles;

import java.nio.file.Path;
import java.util.Map;

/// `natt keygen`: makes an identity, whose public key it prints, or a shared secret.
final class KeygenCommand {
    private KeygenCommand() {}

    static int run(String[] args) throws Exception {
        var options = new KeygenOptions();
        if (!CommandLine.parse("natt keygen", options, args, Map.of())) {
            return CommandLine.DONE;
        }
        Path file = StateOptions.path("FILE", CommandLine.only(options.files, "FILE"));
        if (options.psk) {
            KeyFiles.createPreSharedKey(file);
        } else {
            System.out.println(KeyFiles.createIdentity(file).publicKey());
        }
        return CommandLine.DONE;
    }
}
