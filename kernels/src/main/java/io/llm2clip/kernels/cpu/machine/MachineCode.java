package io.llm2clip.kernels.cpu.machine;

import io.llm2clip.kernels.Settings;

/** Whether this process may run encoded programs, and what the CPU then offers. */
public sealed interface MachineCode {

    /**
     * It may.
     *
     * @param features what the CPU has
     * @param space where programs are put
     */
    record Allowed(CpuFeatures features, CodeSpace space) implements MachineCode {}

    /**
     * It may not.
     *
     * @param reason as half a sentence
     */
    record Refused(String reason) implements MachineCode {}

    /**
     * Of this process: found out at the first call, unless the system property {@code llm2clip.machine} forbids it now.
     *
     * @throws IllegalArgumentException as {@link Settings#machineCode}
     */
    static MachineCode ofThisProcess() {
        return Settings.machineCode()
                ? MachineProbe.RESULT
                : new Refused("machine code is switched off by " + Settings.MACHINE_CODE);
    }
}
