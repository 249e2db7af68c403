package io.llm2clip.kernels.cpu.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * Off-heap memory of zeros. An arena writes them, on one thread, a second for the weights of a large model; Linux has pages of zeros, which
 * come when somebody first touches them, and that is then done by all threads that fill the memory. It is asked for large pages, with the first
 * of which the memory begins.
 */
public final class ZeroedMemory {
    /** From here on zeros are left to the system. */
    private static final long LARGE = 1 << 20;

    static final long LARGE_PAGE = 2 << 20;
    /** {@code PROT_READ | PROT_WRITE}. */
    private static final int READ_WRITE = 3;
    /** {@code MAP_PRIVATE | MAP_ANONYMOUS}. */
    private static final int PRIVATE_ANONYMOUS = 0x22;
    /** {@code MADV_HUGEPAGE}. */
    private static final int ADVICE = 14;
    /** {@code MAP_FAILED}. */
    private static final long FAILED = -1;

    private ZeroedMemory() {}

    /** Functions of the C library. */
    private record Functions(MethodHandle mmap, MethodHandle munmap, MethodHandle madvise) {
        MemorySegment map(long bytes) {
            try {
                return (MemorySegment)
                        mmap.invokeExact(MemorySegment.NULL, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
            } catch (Throwable e) {
                throw threw(e);
            }
        }

        /**
         * Only whole pages, so that nothing beyond the memory becomes resident. The system may refuse, and loses nothing but speed.
         *
         * @param first where a large page begins
         */
        void advise(long first, long bytes) {
            long length = bytes / LARGE_PAGE * LARGE_PAGE;
            if (length > 0) {
                try {
                    int ignored = (int) madvise.invokeExact(MemorySegment.ofAddress(first), length, ADVICE);
                } catch (Throwable e) {
                    throw threw(e);
                }
            }
        }

        void unmap(MemorySegment memory, long bytes) {
            try {
                int ignored = (int) munmap.invokeExact(memory, bytes);
            } catch (Throwable e) {
                throw threw(e);
            }
        }

        private static AssertionError threw(Throwable e) {
            return new AssertionError("A function that throws nothing threw", e);
        }
    }

    /** Not linked before somebody needs much memory. */
    private static final class Library {
        static final @Nullable Functions FUNCTIONS =
                System.getProperty("os.name", "").equals("Linux") ? link() : null;

        private static @Nullable Functions link() {
            MethodHandle mmap = link(
                    "mmap",
                    FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
            MethodHandle munmap = link("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));
            MethodHandle madvise = link("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
            return mmap == null || munmap == null || madvise == null ? null : new Functions(mmap, munmap, madvise);
        }

        private static @Nullable MethodHandle link(String name, FunctionDescriptor type) {
            Linker linker = Linker.nativeLinker();
            return linker.defaultLookup()
                    .find(name)
                    .map(function -> linker.downcallHandle(function, type))
                    .orElse(null);
        }
    }

    /**
     * Memory that lives as long as an arena.
     *
     * @param bytes 0 or more
     * @param alignment a power of two, at most a page
     * @throws OutOfMemoryError if there is no such memory
     */
    public static MemorySegment allocate(Arena arena, long bytes, long alignment) {
        Functions functions = bytes < LARGE ? null : Library.FUNCTIONS;
        if (functions == null) {
            return arena.allocate(Math.max(bytes, 1), alignment);
        }
        // One page more, so that there is a first one to begin with: what is not touched takes addresses only.
        long mapped = bytes + LARGE_PAGE;
        MemorySegment whole = functions.map(mapped);
        if (whole.address() == FAILED) {
            throw new OutOfMemoryError("the system has no " + bytes + " bytes");
        }
        long first = Math.ceilDiv(whole.address(), LARGE_PAGE) * LARGE_PAGE;
        functions.advise(first, bytes);
        return MemorySegment.ofAddress(first).reinterpret(bytes, arena, _ -> functions.unmap(whole, mapped));
    }
}
