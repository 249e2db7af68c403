package io.llm2clip.kernels.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/** By the C library's {@code syscall}, on x86-64. */
final class LinuxSystemCalls implements SystemCalls {
    private static final long MMAP = 9;
    private static final long MPROTECT = 10;
    private static final long MUNMAP = 11;
    private static final long CLOSE = 3;
    private static final long FTRUNCATE = 77;
    private static final long ARCH_PRCTL = 158;
    private static final long MEMFD_CREATE = 319;
    private static final long CLOSE_ON_EXEC = 1;
    private static final long REQUEST_COMPONENT = 0x1023;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final VarHandle ERROR_NUMBER =
            Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle SYSCALL = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("syscall"),
            FunctionDescriptor.of(
                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            Linker.Option.firstVariadicArg(1),
            ERRNO);

    @Override
    public long mmap(long bytes, int protection, int flags, int file) {
        return call(MMAP, 0, bytes, protection, flags, file, 0);
    }

    @Override
    public long mprotect(long address, long bytes, int protection) {
        return call(MPROTECT, address, bytes, protection, 0, 0, 0);
    }

    @Override
    public long munmap(long address, long bytes) {
        return call(MUNMAP, address, bytes, 0, 0, 0, 0);
    }

    @Override
    public long memfd(String name) {
        try (Arena arena = Arena.ofConfined()) {
            return call(MEMFD_CREATE, arena.allocateFrom(name).address(), CLOSE_ON_EXEC, 0, 0, 0, 0);
        }
    }

    @Override
    public long ftruncate(int file, long bytes) {
        return call(FTRUNCATE, file, bytes, 0, 0, 0, 0);
    }

    @Override
    public long close(int file) {
        return call(CLOSE, file, 0, 0, 0, 0, 0);
    }

    @Override
    public long requestComponent(int component) {
        return call(ARCH_PRCTL, REQUEST_COMPONENT, component, 0, 0, 0, 0);
    }

    @Override
    public MachineFunction function(MemorySegment address) {
        // An ordinary call: the thread counts as being outside of Java, so that collections need not wait for it.
        MethodHandle handle = LINKER.downcallHandle(address, FunctionDescriptor.ofVoid(JAVA_LONG));
        return argument -> {
            try {
                handle.invokeExact(argument);
            } catch (Throwable e) {
                throw new AssertionError("A function that throws nothing threw", e);
            }
        };
    }

    private static long call(long number, long a, long b, long c, long d, long e, long f) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
            long result = (long) SYSCALL.invokeExact(state, number, a, b, c, d, e, f);
            return result == -1 ? -(int) ERROR_NUMBER.get(state, 0L) : result;
        } catch (Throwable failure) {
            throw new AssertionError("A function that throws nothing threw", failure);
        }
    }
}
