package io.llm2clip.tensor.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.CompiledFunction;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.internal.compiler.Compiler;
import io.llm2clip.tensor.internal.compiler.Executable;
import io.llm2clip.tensor.internal.compiler.PlanDevice;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Memory is returned once, also by what could not be made, and is not used afterwards. */
class OwnershipTest {
    private static final Tensor INPUT = Tensor.input("x", Shape.of(2, 3), DType.F32);
    private static final Tensor PRODUCT = INPUT.matmulTransposed(INPUT);

    @Test
    void aProgramThatCannotBeBoundLeavesNothing() {
        long before = EngineMemory.liveBytes();
        System.setProperty("llm2clip.matrix", "abacus");
        try {
            assertThatThrownBy(() -> Program.compile(List.of(PRODUCT), Execution.cpu()))
                    .hasMessageContaining("No matrix unit 'abacus'");
        } finally {
            System.clearProperty("llm2clip.matrix");
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    @Test
    void closingTwiceIsClosingOnce() {
        long before = EngineMemory.liveBytes();
        CompiledFunction function =
                new CompiledFunction(in -> List.of(in.getFirst().exp()), Execution.cpu());
        function.run(List.of(TensorData.of(Shape.of(2), 1, 2)));
        PlanDevice cpu = (PlanDevice) Device.cpu();
        Executable executable =
                cpu.load(Compiler.compile(List.of(PRODUCT), List.of(), cpu.target(), ProgramOptions.DEFAULT));
        for (AutoCloseable resource :
                List.of(Program.compile(List.of(PRODUCT), Execution.cpu()), function, executable, Device.cpu())) {
            assertThatCode(() -> {
                        resource.close();
                        resource.close();
                    })
                    .doesNotThrowAnyException();
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }
}
