package io.llm2clip.tensor.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class InnerProductsTest {
    private record Rows(float[][] values, int width) implements InnerProducts.Vectors {
        static Rows random(int count, int width, Random random) {
            float[][] values = new float[count][width];
            for (float[] row : values) {
                for (int i = 0; i < width; i++) {
                    row[i] = random.nextInt(-8, 9);
                }
            }
            return new Rows(values, width);
        }

        @Override
        public int count() {
            return values.length;
        }

        @Override
        public void copy(int from, int count, MemorySegment target) {
            assertThat(target.byteSize()).isEqualTo(4L * count * width);
            for (int i = 0; i < count; i++) {
                MemorySegment.copy(values[from + i], 0, target, ValueLayout.JAVA_FLOAT, 4L * i * width, width);
            }
        }
    }

    private static float[][] all(Rows rows, Rows columns) {
        float[][] products = new float[rows.count()][columns.count()];
        for (float[] row : products) {
            Arrays.fill(row, Float.NaN);
        }
        InnerProducts.forEach(rows, columns, block -> {
            for (int r = 0; r < block.rows(); r++) {
                for (int c = 0; c < block.columns(); c++) {
                    float before = products[block.row() + r][block.column() + c];
                    assertThat(before).as("each product once").isNaN();
                    products[block.row() + r][block.column() + c] =
                            block.products().get(ValueLayout.JAVA_FLOAT, block.offset(r) + 4L * c);
                }
            }
        });
        return products;
    }

    private static float[][] plain(Rows rows, Rows columns) {
        float[][] products = new float[rows.count()][columns.count()];
        for (int r = 0; r < rows.count(); r++) {
            for (int c = 0; c < columns.count(); c++) {
                for (int i = 0; i < rows.width; i++) {
                    products[r][c] += rows.values[r][i] * columns.values[c][i];
                }
            }
        }
        return products;
    }

    /** Of whole numbers, so that all orders of a sum give the same. */
    @Property(tries = 40)
    void everyProductIsThereOnce(
            @ForAll @IntRange(max = 600) int count,
            @ForAll @IntRange(max = 2500) int others,
            @ForAll @IntRange(max = 40) int width,
            @ForAll long seed) {
        var random = new Random(seed);
        Rows rows = Rows.random(count, width, random);
        Rows columns = Rows.random(others, width, random);
        assertThat(all(rows, columns)).isDeepEqualTo(plain(rows, columns));
    }

    /** Of which few fit into a block, and few blocks into a span. */
    @Example
    void vectorsMayBeLong() {
        var random = new Random(5);
        Rows rows = Rows.random(30, 70_000, random);
        Rows columns = Rows.random(151, 70_000, random);
        assertThat(all(rows, columns)).isDeepEqualTo(plain(rows, columns));
    }

    @Example
    void tasksMayAskForThem() {
        var random = new Random(6);
        Rows rows = Rows.random(20, 33, random);
        Rows columns = Rows.random(40, 33, random);
        AtomicInteger right = new AtomicInteger();
        Processor.parallel(8, _ -> {
            if (Arrays.deepEquals(all(rows, columns), plain(rows, columns))) {
                right.incrementAndGet();
            }
        });
        assertThat(right).hasValue(8);
    }

    @Example
    void errorsOfThoseWhoTakeBlocksAreTheCallers() {
        Rows rows = Rows.random(3, 4, new Random(7));
        assertThatThrownBy(() -> InnerProducts.forEach(rows, rows, _ -> {
                    throw new IllegalStateException("no room");
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no room");
        Rows others = Rows.random(3, 5, new Random(7));
        assertThatThrownBy(() -> InnerProducts.forEach(rows, others, _ -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Inner products need vectors of one length, found 4 and 5 values.");
    }
}
