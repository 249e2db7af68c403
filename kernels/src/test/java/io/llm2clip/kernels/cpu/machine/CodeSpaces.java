package io.llm2clip.kernels.cpu.machine;

import java.util.ArrayList;
import java.util.List;

/** Where tests run programs. */
public final class CodeSpaces {
    private CodeSpaces() {}

    /** The emulated processor, and this one if it has vectors of a width. */
    public static List<CodeSpace> of(VectorWidth width) {
        List<CodeSpace> spaces = new ArrayList<>(List.of(new EmulatedProcessor()));
        if (MachineCode.ofThisProcess() instanceof MachineCode.Allowed(var features, CodeSpace space)
                && features.missing(width.feature()) == null) {
            spaces.add(space);
        }
        return spaces;
    }
}
