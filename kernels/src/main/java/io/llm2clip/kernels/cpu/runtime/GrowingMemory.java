package io.llm2clip.kernels.cpu.runtime;

import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/** Memory that becomes as large as is asked for, for one user after the other. */
final class GrowingMemory {
    private static final long ALIGNMENT = 64;
    /** What takes whole large pages: from a quarter of one on. */
    private static final long LARGE = ZeroedMemory.LARGE_PAGE / 4;

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
                bytes = whole(wanted);
                address = ZeroedMemory.allocate(larger, bytes, ALIGNMENT).address();
            } catch (RuntimeException | Error e) {
                larger.close();
                bytes = 0;
                throw e;
            }
            arena = larger;
        }
        return address;
    }

    /** So that no end of it is in small pages, which a TLB has no room for; what no memory is large enough for stays as it is. */
    private static long whole(long wanted) {
        return wanted < LARGE
                ? wanted
                : Math.max(wanted, Math.ceilDiv(wanted, ZeroedMemory.LARGE_PAGE) * ZeroedMemory.LARGE_PAGE);
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
