package io.llm2clip.kernels.cpu.matrix.f32;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.machine.EmulatedProcessor;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Machine code gives the bits of plain Java and touches only its memory: natively where the CPU has it, and emulated everywhere. */
class FloatCodeTest {
    private static final byte GUARD = 0x5A;
    private static final int GUARD_BYTES = 128;
    private static final float[] ODD = {Float.NaN, Float.POSITIVE_INFINITY, -0f, Float.MIN_VALUE, Float.MAX_VALUE};

    /** @param code null where this CPU does not run it */
    record Case(String name, VectorWidth width, @Nullable FloatCode code) {
        FloatCode usable() {
            assumeTrue(code != null, "Not run natively: " + name);
            return code;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static List<Case> cases() {
        return Stream.of(VectorWidth.values())
                .flatMap(width -> Stream.of(
                        new Case("emulated " + width, width, new FloatCode(width, new EmulatedProcessor())),
                        new Case(width.toString(), width, ofThisCpu(width))))
                .toList();
    }

    private static @Nullable FloatCode ofThisCpu(VectorWidth width) {
        return MachineCode.ofThisProcess() instanceof MachineCode.Allowed(var features, var space)
                        && features.missing(width.feature()) == null
                ? new FloatCode(width, space)
                : null;
    }

    /** Memory between guards, full of numbers. */
    private static final class Guarded {
        final MemorySegment whole;
        final MemorySegment inner;

        Guarded(Arena arena, long floats) {
            whole = arena.allocate(4 * floats + 2 * GUARD_BYTES, 64).fill(GUARD);
            inner = whole.asSlice(GUARD_BYTES, 4 * floats);
        }

        Guarded fill(Random random) {
            for (long i = 0; i < inner.byteSize() / 4; i++) {
                inner.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat() - 0.5f);
            }
            return this;
        }

        float get(long index) {
            return inner.getAtIndex(ValueLayout.JAVA_FLOAT, index);
        }

        /** Nothing before and nothing behind was written. */
        void check() {
            long end = GUARD_BYTES + inner.byteSize();
            for (long at = 0; at < whole.byteSize(); at++) {
                if (at < GUARD_BYTES || at >= end) {
                    assertThat(whole.get(ValueLayout.JAVA_BYTE, at))
                            .as("byte %d", at)
                            .isEqualTo(GUARD);
                }
            }
        }
    }

    private static int[] some(VectorWidth width) {
        return new int[] {
            1,
            2,
            FloatCode.rows(width) - 1,
            FloatCode.rows(width),
            FloatCode.rows(width) + 1,
            3 * FloatCode.rows(width) + 2
        };
    }

    /** All heights of tiles and edges of columns and of k, with and without what is added. */
    @ParameterizedTest
    @MethodSource("cases")
    void productsHaveTheBitsOfPlainJava(Case tested) {
        FloatCode code = tested.usable();
        int columns = 2 * tested.width.count();
        Random random = new Random(1);
        for (int rows : some(tested.width)) {
            for (int k : new int[] {0, 1, 3, 4, 9, 32}) {
                for (int some : new int[] {1, columns / 2 - 1, columns / 2, columns - 1, columns, 2 * columns + 1}) {
                    product(code, tested.width, rows, some, k, random.nextInt(3), random);
                }
            }
        }
        for (int rows = 1; rows <= 2 * FloatCode.rows(tested.width); rows++) {
            product(code, tested.width, rows, 2 * columns, 5, rows % 3, random);
        }
    }

    private static void product(
            FloatCode code, VectorWidth width, int rows, int columns, int k, int added, Random random) {
        int panel = 2 * width.count();
        int panels = Math.ceilDiv(columns, panel);
        int cRow = columns + random.nextInt(3);
        try (Arena arena = Arena.ofConfined()) {
            Guarded a = new Guarded(arena, (long) rows * k).fill(random);
            Guarded b = new Guarded(arena, (long) k * panel * panels).fill(random);
            if (k > 2 && random.nextBoolean()) {
                float odd = ODD[random.nextInt(ODD.length)];
                b.inner.setAtIndex(ValueLayout.JAVA_FLOAT, random.nextInt(k * panel * panels), odd);
            }
            Guarded packed = new Guarded(arena, (long) rows * k);
            Guarded c = new Guarded(arena, (long) rows * cRow).fill(random);
            Guarded add = new Guarded(arena, (long) rows * columns).fill(random);
            Guarded call = new Guarded(arena, FloatCode.CALL_BYTES / 4);
            float[] before = c.inner.toArray(ValueLayout.JAVA_FLOAT);
            long from = a.inner.address();
            RowTiles tiles = code.tiles(packed.inner.address(), rows, k);
            code.packRows(false, from, 4L * k, rows, k, tiles, call.inner.address());
            // Nothing is added, a row of its own to each row, or one row to all.
            code.multiply(
                    tiles,
                    rows,
                    columns,
                    k,
                    b.inner.address(),
                    4L * k * panel,
                    new TileOutput(
                            c.inner.address(),
                            4L * cRow,
                            added == 0 ? 0 : add.inner.address(),
                            added == 1 ? 4L * columns : 0,
                            columns < panel ? 0 : add.inner.address(),
                            4L * columns),
                    call.inner.address());
            // All rows of whole panels were fetched, and no other is.
            assertThat(TileCall.get(call.inner.address(), TileCall.FETCHED))
                    .isEqualTo(columns % panel != 0 ? 0 : add.inner.address() + 4L * columns * rows);
            for (int row = 0; row < rows; row++) {
                for (int column = columns; column < cRow; column++) {
                    assertThat(c.get((long) row * cRow + column)).isEqualTo(before[row * cRow + column]);
                }
                for (int column = 0; column < columns; column++) {
                    float sum = 0;
                    for (int i = 0; i < k; i++) {
                        long ofB = ((long) column / panel * k + i) * panel + column % panel;
                        sum = Math.fma(a.get((long) row * k + i), b.get(ofB), sum);
                    }
                    if (added != 0) {
                        sum += add.get(added == 1 ? row * columns + column : column);
                    }
                    // Which NaN it is depends on the instructions.
                    assertThat(Float.floatToIntBits(c.get((long) row * cRow + column)))
                            .as("row %d, column %d of %d x %d, k %d", row, column, rows, columns, k)
                            .isEqualTo(Float.floatToIntBits(sum));
                }
            }
            List.of(a, b, packed, c, add, call).forEach(Guarded::check);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void partsOfSumsAreAddedInPlace(Case tested) {
        FloatCode code = tested.usable();
        int panel = 2 * tested.width.count();
        try (Arena arena = Arena.ofConfined()) {
            Random random = new Random(2);
            int rows = FloatCode.rows(tested.width) + 3;
            Guarded a = new Guarded(arena, rows).fill(random);
            Guarded b = new Guarded(arena, panel).fill(random);
            Guarded c = new Guarded(arena, (long) rows * panel).fill(random);
            MemorySegment call = arena.allocate(FloatCode.CALL_BYTES, 64);
            float[] before = c.inner.toArray(ValueLayout.JAVA_FLOAT);
            long to = c.inner.address();
            code.multiply(
                    code.tiles(a.inner.address(), rows, 1),
                    rows,
                    panel,
                    1,
                    b.inner.address(),
                    0,
                    new TileOutput(to, 4L * panel, to, 4L * panel),
                    call.address());
            for (int i = 0; i < before.length; i++) {
                assertThat(c.get(i)).isEqualTo(Math.fma(a.get(i / panel), b.get(i % panel), 0) + before[i]);
            }
            c.check();
        }
    }

    /** Of both ways to store A, in the tiles that a product reads; of a part of k, of which the next one begins where it ends, nothing else. */
    @ParameterizedTest
    @MethodSource("cases")
    void rowsArePackedInTiles(Case tested) {
        FloatCode code = tested.usable();
        Random random = new Random(3);
        for (int rows : some(tested.width)) {
            for (int k : new int[] {0, 1, 2, 3, 4, 7, 16, 31, 36, 53}) {
                for (boolean transposed : new boolean[] {false, true}) {
                    packed(code, rows, k, k, transposed, random);
                    packed(code, rows, k, k + 1 + random.nextInt(20), transposed, random);
                }
            }
        }
    }

    private static void packed(FloatCode code, int rows, int k, int allOfK, boolean transposed, Random random) {
        int length = transposed ? rows : k;
        int stride = length + random.nextInt(3);
        try (Arena arena = Arena.ofConfined()) {
            int lines = transposed ? k : rows;
            long stored = lines == 0 ? 0 : (long) (lines - 1) * stride + length;
            Guarded a = new Guarded(arena, stored).fill(random);
            Guarded to = new Guarded(arena, (long) rows * allOfK).fill(random);
            float[] before = to.inner.toArray(ValueLayout.JAVA_FLOAT);
            MemorySegment call = arena.allocate(FloatCode.CALL_BYTES, 64);
            RowTiles all = code.tiles(to.inner.address(), rows, allOfK);
            int height = all.height();
            assertThat(height).isEqualTo(Math.ceilDiv(rows, Math.ceilDiv(rows, code.rows())));
            int from = (allOfK - k) / 2;
            RowTiles tiles = new RowTiles(all.address(), height, all.bytes(), from);
            code.packRows(transposed, a.inner.address(), 4L * stride, rows, k, tiles, call.address());
            for (int row = 0; row < rows; row++) {
                int first = row / height * height;
                int some = Math.min(height, rows - first);
                for (int i = 0; i < allOfK; i++) {
                    int at = first * allOfK + i * some + row - first;
                    int ofPart = i - from;
                    float expected = ofPart < 0 || ofPart >= k
                            ? before[at]
                            : a.get(transposed ? (long) ofPart * stride + row : (long) row * stride + ofPart);
                    assertThat(to.get(at))
                            .as("row %d of %d, k %d of %d from %d", row, rows, i, k, from)
                            .isEqualTo(expected);
                }
            }
            a.check();
            to.check();
        }
    }

    /** Of both ways to store B, with zeros beyond its columns, and nothing behind the panel. */
    @ParameterizedTest
    @MethodSource("cases")
    void columnsArePackedInPanels(Case tested) {
        FloatCode code = tested.usable();
        Random random = new Random(4);
        int panel = 2 * tested.width.count();
        for (int columns = 1; columns <= 2 * panel + 1; columns++) {
            int panels = Math.ceilDiv(columns, panel);
            for (int k : new int[] {0, 1, 3, 4, 16, 23}) {
                for (boolean transposed : new boolean[] {false, true}) {
                    int length = transposed ? k : columns;
                    int stride = length + random.nextInt(3);
                    try (Arena arena = Arena.ofConfined()) {
                        int lines = transposed ? columns : k;
                        long stored = lines == 0 ? 0 : (long) (lines - 1) * stride + length;
                        Guarded b = new Guarded(arena, stored).fill(random);
                        Guarded to = new Guarded(arena, (long) panels * panel * k);
                        MemorySegment call = arena.allocate(FloatCode.CALL_BYTES, 64);
                        long from = b.inner.address();
                        long panelBytes = 4L * panel * k;
                        code.packColumns(
                                DType.F32,
                                transposed,
                                from,
                                4L * stride,
                                columns,
                                k,
                                to.inner.address(),
                                panelBytes,
                                call.address());
                        for (int i = 0; i < k; i++) {
                            for (int column = 0; column < panels * panel; column++) {
                                long at = transposed ? (long) column * stride + i : (long) i * stride + column;
                                long packed = ((long) column / panel * k + i) * panel + column % panel;
                                assertThat(to.get(packed)).isEqualTo(column < columns ? b.get(at) : 0);
                            }
                        }
                        b.check();
                        to.check();
                    }
                }
            }
        }
    }

    /** Of both ways to store B, all bits kept, where the sizes are those that code widens. */
    @ParameterizedTest
    @MethodSource("cases")
    void columnsOfBf16AreWidened(Case tested) {
        FloatCode code = tested.usable();
        Random random = new Random(5);
        int panel = 2 * tested.width.count();
        int widened = 0;
        for (int columns : new int[] {1, panel / 2, panel - 1, panel, panel + 3, 3 * panel}) {
            for (int k : new int[] {0, 1, 2, 6, 8, 31, 32, 46, 47}) {
                for (boolean transposed : new boolean[] {false, true}) {
                    if (code.widens(DType.BF16, transposed, columns, k)) {
                        widened++;
                        widened(code, panel, transposed, columns, k, random);
                    }
                }
            }
        }
        assertThat(widened).isEqualTo(6 * 6 + 2 * 9);
        assertThat(code.widens(DType.F16, true, panel, 2)).isFalse();
    }

    private static void widened(FloatCode code, int panel, boolean transposed, int columns, int k, Random random) {
        int panels = Math.ceilDiv(columns, panel);
        int length = transposed ? k : columns;
        int stride = length + random.nextInt(3);
        int lines = transposed ? columns : k;
        try (Arena arena = Arena.ofConfined()) {
            long stored = lines == 0 ? 0 : (long) (lines - 1) * stride + length;
            Guarded b = new Guarded(arena, Math.ceilDiv(stored, 2));
            for (long i = 0; i < stored; i++) {
                b.inner.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) random.nextInt());
            }
            Guarded to = new Guarded(arena, (long) panels * panel * k);
            MemorySegment call = arena.allocate(FloatCode.CALL_BYTES, 64);
            code.packColumns(
                    DType.BF16,
                    transposed,
                    b.inner.address(),
                    2L * stride,
                    columns,
                    k,
                    to.inner.address(),
                    4L * panel * k,
                    call.address());
            for (int i = 0; i < k; i++) {
                for (int column = 0; column < panels * panel; column++) {
                    long at = transposed ? (long) column * stride + i : (long) i * stride + column;
                    int expected = column < columns ? b.inner.getAtIndex(ValueLayout.JAVA_SHORT, at) << 16 : 0;
                    long packed = ((long) column / panel * k + i) * panel + column % panel;
                    assertThat(to.inner.getAtIndex(ValueLayout.JAVA_INT, packed))
                            .as("k %d, column %d of %d x %d", i, column, k, columns)
                            .isEqualTo(expected);
                }
            }
            to.check();
        }
    }

    @Test
    void thereIsCodeForTheWidthsThatThisCpuHas() {
        for (VectorWidth width : VectorWidth.values()) {
            assertThat(FloatCode.ofThisProcess(width.count()) == null).isEqualTo(ofThisCpu(width) == null);
        }
        assertThat(FloatCode.ofThisProcess(4)).isNull();
        String before = System.getProperty("llm2clip.machine");
        try {
            System.setProperty("llm2clip.machine", "false");
            assertThat(Arrays.stream(VectorWidth.values()).map(width -> FloatCode.ofThisProcess(width.count())))
                    .containsOnlyNulls();
        } finally {
            if (before == null) {
                System.clearProperty("llm2clip.machine");
            } else {
                System.setProperty("llm2clip.machine", before);
            }
        }
    }
}
