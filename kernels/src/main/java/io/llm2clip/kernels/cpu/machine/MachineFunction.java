package io.llm2clip.kernels.cpu.machine;

/** A program that can be called, by any number of threads at the same time. */
public interface MachineFunction {
    /**
     * Calls it, with one argument in RDI. It may change what the System V ABI lets a function change, and nothing else.
     *
     * @param argument mostly the address of off-heap memory with all that the program needs
     */
    void call(long argument);
}
