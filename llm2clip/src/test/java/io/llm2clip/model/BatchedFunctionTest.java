package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.kernels.DType;
import io.llm2clip.nn.Parameters;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BatchedFunctionTest {
    private static FloatMatrix random(int rows, int columns) {
        Random random = new Random(rows);
        FloatMatrix matrix = FloatMatrix.allocate(rows, columns);
        for (int i = 0; i < rows * columns; i++) {
            matrix.memory().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return matrix;
    }

    private static List<TensorData> rows(FloatMatrix matrix, int... items) {
        TensorData batch = TensorData.allocate(Shape.of(items.length, matrix.columns()), DType.F32);
        for (int i = 0; i < items.length; i++) {
            long bytes = matrix.row(items[i]).byteSize();
            batch.segment().asSlice(i * bytes, bytes).copyFrom(matrix.row(items[i]));
        }
        return List.of(batch);
    }

    @Test
    void anyNumbersOfItemsTakeSixProgramsAndOperationsAreCounted() {
        List<String> compilations = new ArrayList<>();
        long[] done = {0};
        Progress.Phase phase = new Progress.Phase() {
            @Override
            public void preparing(String activity) {
                compilations.add(activity);
            }

            @Override
            public void advance(long count) {
                done[0] += count;
            }
        };
        try (BatchedFunction function = new BatchedFunction(
                in -> in.getFirst().matmulTransposed(in.getFirst().slice(0, 0, 1)), Execution.cpu())) {
            FloatMatrix items = random(100, 5);
            for (int count = 0; count <= 100; count++) {
                FloatMatrix results = FloatMatrix.allocate(100, 1);
                function.run(Batches.of(count, 32), batch -> rows(items, batch), results, phase);
                for (int i = 0; i < 100; i++) {
                    assertThat(results.get(i, 0) != 0).isEqualTo(i < count);
                }
            }
            assertThat(done[0]).isEqualTo(5050);
            assertThat(compilations).hasSize(6).containsOnly("compiling");
            assertThat(function.flops()).isEqualTo(5050 * 2 * 5);
        }
    }

    @Test
    void resultsGoWhereTheirItemsSay() {
        try (BatchedFunction doubling = new BatchedFunction(in -> in.getFirst().add(in.getFirst()), Execution.cpu())) {
            FloatMatrix items = random(9, 3);
            FloatMatrix results = FloatMatrix.allocate(9, 3);
            doubling.run(
                    List.of(new int[] {8, 0}, new int[] {5}),
                    batch -> rows(items, batch),
                    results,
                    Progress.Phase.NONE);
            for (int row : new int[] {8, 0, 5}) {
                assertThat(results.get(row, 2)).isEqualTo(2 * items.get(row, 2));
            }
            assertThat(results.toArray(1)).containsOnly(0);
        }
    }

    @Test
    void anInterruptionEndsItBetweenBatches() {
        try (BatchedFunction doubling = new BatchedFunction(in -> in.getFirst().add(in.getFirst()), Execution.cpu())) {
            FloatMatrix items = random(96, 2);
            List<Integer> done = new ArrayList<>();
            assertThatThrownBy(() -> doubling.run(
                            Batches.of(96, 32),
                            batch -> rows(items, batch),
                            (index, _) -> {
                                done.add(index);
                                if (index == 40) {
                                    Thread.currentThread().interrupt();
                                }
                            },
                            Progress.Phase.NONE))
                    .isInstanceOf(CancellationException.class);
            assertThat(Thread.interrupted()).isTrue();
            assertThat(done).hasSize(64);
        }
    }

    /** All encoders: a vector does not depend on what it is computed with. */
    @Test
    void oddNumbersOfRowsAreProjectedAsEachAlone() {
        try (Parameters parameters = new Parameters(1);
                TextProjection projection = new TextProjection(
                        TinyModel.create(parameters).language().adapter(), Execution.cpu())) {
            FloatMatrix vectors = random(1001, 16);
            FloatMatrix together = projection.project(vectors);
            for (int i = 0; i < 1001; i++) {
                assertThat(projection.project(vectors.slice(i, i + 1)).toArray(0))
                        .isEqualTo(together.toArray(i));
            }
        }
    }

    @Test
    void oddNumbersOfTokenRowsAreEmbeddedAsEachAlone() {
        try (Parameters parameters = new Parameters(1);
                TowerTextEncoder encoder = new TowerTextEncoder(
                        ClipTextTower.create(parameters, ClipTextTower.Config.miniature(50, 12, 6)),
                        BatchedFunctionTest::numbers,
                        Execution.cpu())) {
            Random random = new Random(2);
            List<String> rows = IntStream.range(0, 135)
                    .mapToObj(_ -> random.ints(2 + random.nextInt(15), 0, 50)
                            .mapToObj(Integer::toString)
                            .collect(Collectors.joining(" ")))
                    .toList();
            FloatMatrix together = encoder.encode(rows);
            for (int i = 0; i < rows.size(); i++) {
                assertThat(encoder.encode(List.of(rows.get(i))).toArray(0)).isEqualTo(together.toArray(i));
            }
            assertThat(Arrays.stream(together.toArrays()).map(Arrays::toString).distinct())
                    .hasSizeGreaterThan(100);
            assertThat(encoder.cutCaptions()).isPositive();
        }
    }

    private static int[] numbers(String text) {
        return Arrays.stream(text.split(" ")).mapToInt(Integer::parseInt).toArray();
    }
}
