package io.llm2clip.kernels.cpu.machine;

/** Where programs are put to be run. */
public interface CodeSpace {
    /**
     * Makes a program callable, as long as the process runs.
     *
     * @param name for logs
     * @param code of a function that returns
     * @throws MachineCodeException if the system refuses
     */
    MachineFunction install(String name, byte[] code);
}
