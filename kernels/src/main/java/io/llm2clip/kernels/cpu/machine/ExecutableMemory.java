package io.llm2clip.kernels.cpu.machine;

import io.llm2clip.kernels.cpu.runtime.Memory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Memory of programs: written first, then executable and never written again. Where the system refuses to make memory executable that has
 * been written (as under {@code PR_SET_MDWE}), one file in memory is mapped twice: once to be written, at another address to be run.
 */
final class ExecutableMemory implements CodeSpace {
    private static final System.Logger LOG = System.getLogger(ExecutableMemory.class.getName());
    private static final long PAGE = 4096;

    private final SystemCalls system;

    ExecutableMemory(SystemCalls system) {
        this.system = system;
    }

    @Override
    public MachineFunction install(String name, byte[] code) {
        long bytes = Math.ceilDiv(code.length, PAGE) * PAGE;
        long protectedOnce = written(code, bytes, SystemCalls.PRIVATE_ANONYMOUS, -1);
        long refusal =
                protectedOnce < 0 ? protectedOnce : system.mprotect(protectedOnce, bytes, SystemCalls.READ_EXECUTE);
        long address = protectedOnce;
        if (refusal < 0) {
            if (protectedOnce > 0) {
                system.munmap(protectedOnce, bytes);
            }
            address = mappedTwice(code, bytes);
        }
        if (address < 0) {
            throw new MachineCodeException("the system refuses executable memory (mprotect: error " + -refusal
                    + ", a mapping of memfd_create: error " + -address + ")");
        }
        // For who finds a bare address in a report of a crash.
        LOG.log(
                System.Logger.Level.DEBUG,
                "Machine code {0}: {1} bytes at 0x{2}.",
                name,
                code.length,
                Long.toHexString(address));
        return system.function(MemorySegment.ofAddress(address));
    }

    private long mappedTwice(byte[] code, long bytes) {
        long file = system.memfd("llm2clip-code");
        if (file < 0) {
            return file;
        }
        try {
            long size = system.ftruncate((int) file, bytes);
            long writable = size < 0 ? size : written(code, bytes, SystemCalls.SHARED, (int) file);
            if (writable < 0) {
                return writable;
            }
            system.munmap(writable, bytes);
            return system.mmap(bytes, SystemCalls.READ_EXECUTE, SystemCalls.SHARED, (int) file);
        } finally {
            system.close((int) file);
        }
    }

    /** The address of new memory with the code, or a negated error number. */
    private long written(byte[] code, long bytes, int flags, int file) {
        long address = system.mmap(bytes, SystemCalls.READ_WRITE, flags, file);
        if (address > 0) {
            MemorySegment.copy(code, 0, Memory.ALL, ValueLayout.JAVA_BYTE, address, code.length);
        }
        return address;
    }
}
