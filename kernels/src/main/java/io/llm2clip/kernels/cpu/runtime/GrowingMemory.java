package io.llm2clip.kernels.cpu.runtime;

import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/** Memory that becomes as large as is asked for, for one user after the other. */
final class GrowingMemory {
    private @Nullable Arena arena;
    private long address;
    private long bytes;

    /** The address of so many bytes; what earlier calls gave is gone. */
    long of(long wanted) {
        if (wanted < 0) {
            throw new IllegalArgumentException(
                    "Scratch memory of " + wanted + " bytes, expected 0 or more; split the operation.");
        }
        if (bytes < wanted) {
            // First the old memory goes, so that both need not fit; nobody can be left with its address.
            free();
            Arena larger = Arena.ofShared();
            try {
                address = larger.allocate(wanted, 64).address();
            } catch (RuntimeException | Error e) {
                larger.close();
                throw e;
            }
            arena = larger;
            bytes = wanted;
        }
        return address;
    }

    void free() {
        Arena old = arena;
        arena = null;
        bytes = 0;
        address = 0;
        if (old != null) {
            old.close();
        }
    }
}
