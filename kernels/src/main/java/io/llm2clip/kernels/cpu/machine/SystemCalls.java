package io.llm2clip.kernels.cpu.machine;

import java.lang.foreign.MemorySegment;

/** What {@link ExecutableMemory} and {@link MachineCode} ask of Linux. Failures are negated error numbers, as the kernel returns them. */
interface SystemCalls {
    int READ_WRITE = 3;
    int READ_EXECUTE = 5;
    int SHARED = 1;
    int PRIVATE_ANONYMOUS = 0x22;

    /** An address, or a negated error number. */
    long mmap(long bytes, int protection, int flags, int file);

    long mprotect(long address, long bytes, int protection);

    long munmap(long address, long bytes);

    /** The number of a file in memory that nobody else can open. */
    long memfd(String name);

    long ftruncate(int file, long bytes);

    long close(int file);

    /** Asks for a state component beyond those that every thread has. */
    long requestComponent(int component);

    /** A function of one argument. */
    MachineFunction function(MemorySegment address);
}
