package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.Settings;
import io.llm2clip.kernels.cpu.matrix.MatmulConformance;
import io.llm2clip.kernels.cpu.matrix.f32.FloatCode;
import io.llm2clip.kernels.cpu.simd.Vectors;
import jdk.incubator.vector.VectorShape;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import net.jqwik.api.lifecycle.LifecycleContext;
import net.jqwik.api.lifecycle.SkipExecutionHook;

/** The build runs this once for each width of vectors, so that a machine with wide ones tests the kernels of the others, too. */
@Tag("vector-width")
@AddLifecycleHook(VectorMatrixUnitTest.WhereTheWidthExists.class)
class VectorMatrixUnitTest extends MatmulConformance {
    VectorMatrixUnitTest() {
        super(new VectorMatrixUnit(), tileRows(), MicroKernel.COLUMNS);
    }

    private static int tileRows() {
        FloatCode code = FloatCode.ofThisProcess(Vectors.LANES);
        return code == null ? MicroKernel.ROWS : code.rows();
    }

    /** Wider vectors than the machine's are objects of Java, a thousand times slower. */
    static final class WhereTheWidthExists implements SkipExecutionHook {
        @Override
        public SkipResult shouldBeSkipped(LifecycleContext context) {
            int widest = VectorShape.S_Max_BIT.vectorBitSize();
            int wanted = Settings.vectorBits();
            return wanted > widest
                    ? SkipResult.skip("The vectors of this machine have " + widest + " bits, not " + wanted + ".")
                    : SkipResult.doNotSkip();
        }
    }
}
