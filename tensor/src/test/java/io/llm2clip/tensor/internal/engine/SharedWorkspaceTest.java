package io.llm2clip.tensor.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.tensor.CompiledFunction;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Interpreter;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramMemory;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Programs of the CPU share what lives during a run only, and nothing else. */
class SharedWorkspaceTest {
    private static final int WIDTH = 32;
    private static final TensorData WEIGHT = values(WIDTH, WIDTH);

    private long before;

    @BeforeEach
    void remember() {
        before = EngineMemory.liveBytes();
        EngineMemory.resetPeak();
    }

    @AfterEach
    void nothingIsLeft() {
        EngineMemory.limit(Long.MAX_VALUE);
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    /** Sums of rows {@code [1]} of some layers over {@code [rows, 32]}: much in between, little in and out. */
    private static List<Tensor> layers(List<Tensor> inputs) {
        Tensor weight = Tensor.variable("weight", WEIGHT);
        Tensor x = inputs.getFirst();
        for (int i = 0; i < 4; i++) {
            x = x.matmul(weight).mul(0.1f).add(x).softmax().add(x);
        }
        return List.of(x.mean());
    }

    private static Tensor rows(int rows) {
        return Tensor.input("x", Shape.of(rows, WIDTH), DType.F32);
    }

    private static TensorData values(int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(i);
        }
        return TensorData.of(Shape.of(rows, columns), values);
    }

    private static float expected(int rows) {
        Tensor x = rows(rows);
        return Interpreter.evaluate(layers(List.of(x)), Map.of(x, values(rows, WIDTH)))
                .getFirst()
                .item();
    }

    private static Program compile(Tensor x) {
        return Program.compile(layers(List.of(x)), Execution.cpu());
    }

    @Test
    void aPlanSaysWhatIsPinnedAndWhatIsShared() {
        try (Program program = compile(rows(10))) {
            ProgramMemory memory = program.memory();
            assertThat(memory.pinned()).isEqualTo(10 * WIDTH * Float.BYTES + 64);
            assertThat(memory.workspace())
                    .isBetween(10L * WIDTH * Float.BYTES, 4L * 10 * WIDTH * Float.BYTES)
                    .isEqualTo(EngineMemory.liveBytes() - before - memory.pinned());
            assertThat(memory.total()).isEqualTo(memory.pinned() + memory.workspace());
        }
    }

    /** As an encoder of texts that meets every length. */
    @Test
    void manyShapesTakeOneWorkspace() {
        int most = 60;
        long pinned = 0;
        try (CompiledFunction function = new CompiledFunction(SharedWorkspaceTest::layers, Execution.cpu())) {
            for (int round = 0; round < 2; round++) {
                for (int i = 1; i <= most; i++) {
                    int rows = round == 0 ? i : most + 1 - i;
                    List<TensorData> inputs = List.of(values(rows, WIDTH));
                    pinned += round == 0 ? function.program(inputs).memory().pinned() : 0;
                    assertThat(function.run(inputs).getFirst().item()).isCloseTo(expected(rows), withinRounding());
                }
            }
            long workspace =
                    function.program(List.of(values(most, WIDTH))).memory().workspace();
            assertThat(EngineMemory.liveBytes() - before).isEqualTo(pinned + workspace);
            assertThat(EngineMemory.peakBytes() - before).isEqualTo(pinned + workspace);
        }
    }

    private static org.assertj.core.data.Offset<Float> withinRounding() {
        return org.assertj.core.data.Offset.offset(1e-5f);
    }

    @Test
    void closingTheLargestShrinksTheWorkspaceAndTheOthersStillRun() {
        Tensor few = rows(3);
        Tensor many = rows(50);
        try (Program small = compile(few)) {
            small.feed(few, values(3, WIDTH));
            TensorData result = small.run().getFirst();
            float alone = result.item();
            assertThat(alone).isCloseTo(expected(3), withinRounding());
            Program large = compile(many);
            assertThat(EngineMemory.liveBytes() - before)
                    .isEqualTo(small.memory().pinned() + large.memory().total());
            large.feed(many, values(50, WIDTH));
            float sum = large.run().getFirst().item();
            assertThat(sum).isCloseTo(expected(50), withinRounding());
            assertThat(result.item())
                    .as("another program's run leaves outputs alone")
                    .isEqualTo(alone);
            assertThat(small.run().getFirst()).as("the same memory").isSameAs(result);
            assertThat(result.item()).isEqualTo(alone);
            large.close();
            assertThat(small.run().getFirst().item()).isEqualTo(alone);
            assertThat(EngineMemory.liveBytes() - before)
                    .isEqualTo(small.memory().total());
        }
    }

    /** A look at a small part does not pin the whole; where all parts are handed out, they are where they were made. */
    @Test
    void ofAPartThatIsHandedOutOnlyThePartIsPinned() {
        Tensor x = rows(40);
        Tensor all = x.softmax();
        Tensor first = all.slice(0, 0, 1);
        try (Program part = Program.compile(List.of(first, all.mean()), Execution.cpu());
                Program whole = Program.compile(List.of(first, all.slice(0, 1, 40)), Execution.cpu())) {
            long row = WIDTH * Float.BYTES;
            assertThat(part.memory().pinned()).isEqualTo(40 * row + row + 64);
            assertThat(whole.memory()).isEqualTo(new ProgramMemory(80 * row, 0));
            for (Program program : List.of(part, whole)) {
                program.feed(x, values(40, WIDTH));
                assertThat(program.run().getFirst().toFloats())
                        .containsExactly(
                                Interpreter.evaluate(List.of(first), Map.of(x, values(40, WIDTH)))
                                        .getFirst()
                                        .toFloats(),
                                org.assertj.core.data.Offset.offset(1e-6f));
            }
        }
    }

    @Test
    void outputsOfAClosedProgramAreRefused() {
        Tensor x = rows(2);
        Program program = compile(x);
        program.feed(x, values(2, WIDTH));
        TensorData mean = program.run().getFirst();
        program.close();
        String message = "Elements F32 [] were freed with what they belonged to; copy them before that is closed.";
        assertThatThrownBy(mean::item).isInstanceOf(IllegalStateException.class).hasMessage(message);
        assertThatThrownBy(mean::segment)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(message);
        assertThatThrownBy(() -> TensorData.of(Shape.of(), 1).copyFrom(mean)).hasMessage(message);
    }

    @Test
    void programsOfSeveralThreadsDoNotMeet() {
        int[] rows = {1, 7, 20, 33};
        float[] expected = new float[rows.length];
        for (int i = 0; i < rows.length; i++) {
            expected[i] = expected(rows[i]);
        }
        List<Float> found = IntStream.range(0, 4 * rows.length)
                .parallel()
                .mapToObj(i -> {
                    Tensor x = rows(rows[i % rows.length]);
                    float last = Float.NaN;
                    try (Program program = compile(x)) {
                        program.feed(x, values(rows[i % rows.length], WIDTH));
                        for (int run = 0; run < 20; run++) {
                            last = program.run().getFirst().item();
                        }
                    }
                    return last;
                })
                .toList();
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i)).isCloseTo(expected[i % rows.length], withinRounding());
        }
    }

    @Test
    void aTaskOfTheWorkersCannotRunPrograms() {
        Tensor x = rows(2);
        try (Program program = compile(x)) {
            program.feed(x, values(2, WIDTH));
            List<Throwable> refused = new ArrayList<>();
            Workers.shared().parallel(1, (task, worker) -> {
                for (Runnable use : List.<Runnable>of(program::run, () -> compile(x), program::close)) {
                    try {
                        use.run();
                    } catch (IllegalStateException e) {
                        refused.add(e);
                    }
                }
            });
            assertThat(refused)
                    .hasSize(3)
                    .allSatisfy(failure -> assertThat(failure)
                            .hasMessage(
                                    "A program was compiled, run or closed by a task of the workers that run its kernels;"
                                            + " do so outside of the parallel loop."));
            assertThat(program.run().getFirst().item()).isCloseTo(expected(2), withinRounding());
        }
    }

    /** Whichever of its allocations fails. */
    @Test
    void aProgramThatHasNoMemoryLeavesNothingAndHarmsNobody() {
        Tensor few = rows(3);
        Tensor many = rows(50);
        try (Program small = compile(few)) {
            small.feed(few, values(3, WIDTH));
            long open = EngineMemory.liveBytes();
            ProgramMemory needed;
            try (Program large = compile(many)) {
                needed = large.memory();
            }
            long free = open - small.memory().workspace();
            for (long limit : List.of(open, open + needed.pinned() - 1, free + needed.total() - 1)) {
                EngineMemory.limit(limit);
                assertThatThrownBy(() -> compile(many))
                        .isInstanceOf(OutOfMemoryError.class)
                        .hasMessageMatching("No 0\\.\\d{3} GB of memory for .*, 0\\.\\d{3} GB are in use of at most"
                                + " 0\\.\\d{3} GB; use smaller batches or a smaller model\\.");
                assertThat(small.run().getFirst().item()).isCloseTo(expected(3), withinRounding());
                assertThat(EngineMemory.liveBytes()).isEqualTo(open);
            }
            EngineMemory.limit(free + needed.total());
            try (Program large = compile(many)) {
                large.feed(many, values(50, WIDTH));
                assertThat(large.run().getFirst().item()).isCloseTo(expected(50), withinRounding());
            }
        }
    }
}
