package natt.core.io;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/// Runs a program of the classic BPF as the kernel would, as far as natt's need it; anything else
/// is an error.
///
/// @param program as [FilterProgram#assemble] gives it
/// @param ipHeader what precedes the packet, if the packet does not begin with the IP header
record FilterMachine(long[] program, byte[] ipHeader) {
    private static final int MOST_INSTRUCTIONS = 4096;

    /// Whether the program lets a packet through.
    boolean accepts(byte[] packet) {
        if (program.length > MOST_INSTRUCTIONS) {
            throw new AssertionError("too long");
        }
        int a = 0;
        int x = 0;
        int at = 0;
        while (true) {
            long each = program[at++];
            int k = (int) each;
            int ifTrue = (int) (each >>> 40) & 0xff;
            int ifFalse = (int) (each >>> 32) & 0xff;
            int code = (int) (each >>> 48);
            try {
                switch (code) {
                    case 0x20 -> a = load(packet, k).getInt();
                    case 0x28 -> a = Short.toUnsignedInt(load(packet, k).getShort());
                    case 0x40 -> a = load(packet, x + k).getInt();
                    case 0x48 -> a = Short.toUnsignedInt(load(packet, x + k).getShort());
                    case 0x50 -> a = Byte.toUnsignedInt(load(packet, x + k).get());
                    case 0x54 -> a &= k;
                    case 0x01 -> x = k;
                    case 0xb1 -> x = (load(packet, k).get() & 0xf) * 4;
                    case 0x15 -> at += a == k ? ifTrue : ifFalse;
                    case 0x45 -> at += (a & k) != 0 ? ifTrue : ifFalse;
                    case 0x06 -> {
                        return k != 0;
                    }
                    default -> throw new AssertionError("operation " + code);
                }
            } catch (BufferUnderflowException | IllegalArgumentException beyond) {
                return false;
            }
        }
    }

    private ByteBuffer load(byte[] packet, int at) {
        int before = at - FilterProgram.FROM_IP_HEADER;
        return before >= 0 && at < 0
                ? ByteBuffer.wrap(ipHeader).position(before)
                : ByteBuffer.wrap(packet).position(at);
    }
}
