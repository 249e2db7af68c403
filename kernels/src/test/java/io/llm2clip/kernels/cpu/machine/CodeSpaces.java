package io.llm2clip.kernels.cpu.machine;

import java.util.ArrayList;
import java.util.List;

/** Where tests run programs. */
public final class CodeSpaces {
    private CodeSpaces() {}

    /** The emulated processor, and this one if it has AVX-512. */
    public static List<CodeSpace> ofAvx512() {
        List<CodeSpace> spaces = new ArrayList<>(List.of(new EmulatedProcessor()));
        if (MachineCode.ofThisProcess() instanceof MachineCode.Allowed(var features, CodeSpace space)
                && features.missing(Feature.AVX512) == null) {
            spaces.add(space);
        }
        return spaces;
    }
}
