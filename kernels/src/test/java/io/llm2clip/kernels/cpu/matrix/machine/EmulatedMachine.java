package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.CpuFeatures;
import io.llm2clip.kernels.cpu.machine.EmulatedProcessor;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import java.util.Map;

/** A process on an emulated CPU that has everything. */
final class EmulatedMachine {
    private static final MachineCode CODE = new MachineCode.Allowed(new CpuFeatures(Map.of()), new EmulatedProcessor());

    private EmulatedMachine() {}

    static MachineCode code() {
        return CODE;
    }
}
