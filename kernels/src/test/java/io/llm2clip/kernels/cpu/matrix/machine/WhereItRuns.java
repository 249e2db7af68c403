package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.Feature;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import net.jqwik.api.lifecycle.LifecycleContext;
import net.jqwik.api.lifecycle.SkipExecutionHook;

/** Skips tests of machine code that this CPU does not run, and says so; the emulated processor runs them everywhere. */
abstract class WhereItRuns implements SkipExecutionHook {
    private final Feature feature;

    private WhereItRuns(Feature feature) {
        this.feature = feature;
    }

    static final class Avx512 extends WhereItRuns {
        Avx512() {
            super(Feature.AVX512_BF16);
        }
    }

    static final class Avx512Floats extends WhereItRuns {
        Avx512Floats() {
            super(Feature.AVX512);
        }
    }

    static final class Avx512Bytes extends WhereItRuns {
        Avx512Bytes() {
            super(Feature.AVX512_VNNI);
        }
    }

    static final class Avx2 extends WhereItRuns {
        Avx2() {
            super(Feature.AVX2);
        }
    }

    static final class AvxVnni extends WhereItRuns {
        AvxVnni() {
            super(Feature.AVX_VNNI);
        }
    }

    static final class Amx extends WhereItRuns {
        Amx() {
            super(Feature.AMX_BF16);
        }
    }

    static final class AmxBytes extends WhereItRuns {
        AmxBytes() {
            super(Feature.AMX_INT8);
        }
    }

    @Override
    public SkipResult shouldBeSkipped(LifecycleContext context) {
        String missing = switch (MachineCode.ofThisProcess()) {
            case MachineCode.Refused(String reason) -> reason;
            case MachineCode.Allowed allowed -> allowed.features().missing(feature);
        };
        return missing == null ? SkipResult.doNotSkip() : SkipResult.skip("Not run natively: " + missing + ".");
    }
}
