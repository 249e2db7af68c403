package io.llm2clip.tensor.internal.compiler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A target says which matrices programs may have there, to those who compile as to those who load weights. */
class FormatCheckTest {
    private static final Tensor X = Tensor.input("x", Shape.of(2, 32), DType.F32);

    private static Tensor matmul(DType format) {
        return X.matmulTransposed(Tensor.input("w", Shape.of(3, 32), format));
    }

    private static Tensor gather(DType format) {
        return Tensor.input("table", Shape.of(3, 32), format).gather(Tensor.input("index", Shape.of(2), DType.I32));
    }

    private static Target target(DType... formats) {
        return new Target(
                "a device",
                () -> Set.of(Precision.F32),
                Set.of(formats),
                64,
                (op, precision) -> null,
                true,
                Map.of(),
                op -> null);
    }

    private static Plan compile(Tensor root, Target target) {
        return Compiler.compile(List.of(root), List.of(), target, ProgramOptions.DEFAULT);
    }

    @Test
    void matricesOfOtherFormatsAreRefused() {
        assertThatThrownBy(() -> compile(matmul(DType.Q8), target(DType.F32, DType.BF16)))
                .isInstanceOf(TensorException.class)
                .hasMessage(
                        "A matmul with b of Q8 elements does not run on a device, which takes F32, BF16; convert the"
                                + " elements, or load the weights for this device.");
        assertThatThrownBy(() -> compile(gather(DType.F16), target(DType.F32)))
                .isInstanceOf(TensorException.class)
                .hasMessage(
                        "A gather from a table of F16 elements does not run on a device, which takes F32; convert the"
                                + " elements, or load the weights for this device.");
    }

    @Test
    void matricesOfItsFormatsAreNot() {
        for (DType format : MatrixOperand.FORMATS) {
            assertThat(compile(matmul(format), target(format)).steps()).isNotEmpty();
            assertThat(compile(gather(format), target(format)).steps()).isNotEmpty();
        }
    }

    @Test
    void weightsAreLoadedByWhatTheTargetSays() {
        Device cpu = Device.cpu();
        assertThat(cpu.matrixFormats())
                .isEqualTo(((PlanDevice) cpu).target().matrixFormats())
                .containsExactlyInAnyOrderElementsOf(MatrixOperand.FORMATS);
    }
}
