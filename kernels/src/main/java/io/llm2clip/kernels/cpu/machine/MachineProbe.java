package io.llm2clip.kernels.cpu.machine;

import io.llm2clip.kernels.Settings;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Finds out what this process may do, once. */
final class MachineProbe {
    static final MachineCode RESULT = probe(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));

    private MachineProbe() {}

    static MachineCode probe(String system, String architecture) {
        String refusal = refusal(system, architecture);
        return refusal == null ? probe(new LinuxSystemCalls()) : new MachineCode.Refused(refusal);
    }

    private static @Nullable String refusal(String system, String architecture) {
        return system.toLowerCase(Locale.ROOT).equals("linux") && architecture.equals("amd64")
                ? null
                : "machine code is for Linux on x86-64, not for " + system + " on " + architecture;
    }

    static MachineCode probe(SystemCalls calls) {
        try {
            CodeSpace space = new ExecutableMemory(calls);
            CpuFeatures features = CpuFeatures.of(Cpuid.of(space), calls::requestComponent);
            return new MachineCode.Allowed(features.within(Settings.vectorBits()), space);
        } catch (MachineCodeException e) {
            return new MachineCode.Refused(String.valueOf(e.getMessage()));
        }
    }
}
