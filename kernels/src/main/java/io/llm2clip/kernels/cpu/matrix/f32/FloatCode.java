package io.llm2clip.kernels.cpu.matrix.f32;

import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.machine.MachineFunction;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Programs for f32 panels, each encoded when it is first needed, in less than a millisecond. Panels have two vectors of columns; rows of A are packed
 * in tiles, {@code [k][rows of the tile]}. All take {@link #CALL_BYTES} of memory for their arguments, aligned as floats are.
 */
public final class FloatCode {
    /** Memory that a call takes, a multiple of 64. */
    public static final int CALL_BYTES = 192;

    private record Shape(int rows, boolean masked) {}

    /** Of this process, by the lanes of a vector. */
    private static final Map<Integer, FloatCode> INSTALLED = new ConcurrentHashMap<>();

    private final FloatWidth width;
    private final CodeSpace space;
    private final Map<Shape, MachineFunction> tiles = new ConcurrentHashMap<>();
    private final Map<Integer, MachineFunction> transposes = new ConcurrentHashMap<>();
    private final Map<Integer, MachineFunction> copies = new ConcurrentHashMap<>();

    FloatCode(FloatWidth width, CodeSpace space) {
        this.width = width;
        this.space = space;
    }

    /**
     * The programs that this process may run.
     *
     * @param lanes of a vector, of which panels have two
     * @return null if there are none for such vectors, or they may not be used
     */
    public static @Nullable FloatCode ofThisProcess(int lanes) {
        if (!(MachineCode.ofThisProcess() instanceof MachineCode.Allowed(var features, CodeSpace space))) {
            return null;
        }
        FloatCode known = INSTALLED.get(lanes);
        if (known != null) {
            return known;
        }
        for (FloatWidth width : FloatWidth.values()) {
            if (width.count() == lanes && features.missing(width.feature()) == null) {
                return INSTALLED.computeIfAbsent(lanes, other -> new FloatCode(width, space));
            }
        }
        return null;
    }

    /** Most rows of a tile. */
    public int rows() {
        return width.rows();
    }

    /**
     * Packs rows of A into tiles. Up to a vector is written behind them.
     *
     * @param transposed whether it is stored as {@code [k, rows]}
     * @param from its first element
     * @param stride bytes from one stored row to the next
     * @param call memory for arguments
     */
    public void packRows(boolean transposed, long from, long stride, int rows, int k, long to, long call) {
        Tiling tiling = Tiling.of(rows, width.rows());
        long laneStride = transposed ? Float.BYTES : stride;
        for (int row = 0; row < rows; row += tiling.height()) {
            int height = Math.min(tiling.height(), rows - row);
            long first = from + row * laneStride;
            long tile = to + (long) row * k * Float.BYTES;
            long tileRow = (long) height * Float.BYTES;
            if (transposed) {
                copy(k, height, 1, first, stride, tile, tileRow, call);
            } else {
                transpose(k, height, first, stride, tile, tileRow, call);
            }
        }
    }

    /**
     * Packs columns of B into a panel, with zeros beyond them.
     *
     * @param transposed whether it is stored as {@code [columns, k]}
     * @param columns how many exist, at most two vectors
     */
    public void packColumns(boolean transposed, long from, long stride, int columns, int k, long to, long call) {
        int count = width.count();
        long row = (long) TileProgram.VECTORS * count * Float.BYTES;
        if (!transposed) {
            copy(k, columns, TileProgram.VECTORS, from, stride, to, row, call);
            return;
        }
        for (int lane = 0; lane < TileProgram.VECTORS * count; lane += count) {
            int some = Math.clamp(columns - lane, 0, count);
            transpose(k, some, from + lane * stride, stride, to + (long) lane * Float.BYTES, row, call);
        }
    }

    /**
     * Transposes rows of words of 32 bits, {@code [lanes, k]}, to a vector for each k.
     *
     * @param lanes how many exist, at most those of a vector
     * @param toRow bytes from one k of the result to the next
     */
    public void transpose(int k, int lanes, long from, long stride, long to, long toRow, long call) {
        set(call, from, stride, to, toRow);
        PackCall.set(call, PackCall.STEPS, k / TransposeProgram.LINE);
        PackCall.set(call, PackCall.FOURS, k % TransposeProgram.LINE / 4);
        PackCall.set(call, PackCall.REST, k % 4);
        MachineFunction function = transposes.get(lanes);
        if (function == null) {
            function = transposes.computeIfAbsent(
                    lanes,
                    some -> space.install(
                            "rows of " + some + " lanes transposed, " + width,
                            new TransposeProgram(width, some).encode()));
        }
        function.call(call);
    }

    private void copy(int k, int lanes, int vectors, long from, long stride, long to, long toRow, long call) {
        set(call, from, stride, to, toRow);
        PackCall.set(call, PackCall.STEPS, k);
        width.masks(call + PackCall.MASKS, lanes);
        MachineFunction function = copies.get(vectors);
        if (function == null) {
            function = copies.computeIfAbsent(
                    vectors,
                    some -> space.install(
                            "panels of " + some + " vectors copied, " + width, new CopyProgram(width, some).encode()));
        }
        function.call(call);
    }

    private static void set(long call, long from, long stride, long to, long toRow) {
        PackCall.set(call, PackCall.FROM, from);
        PackCall.set(call, PackCall.STRIDE, stride);
        PackCall.set(call, PackCall.TO, to);
        PackCall.set(call, PackCall.TO_ROW, toRow);
    }

    /**
     * {@code C = A B + add} for one panel.
     *
     * @param a rows that {@link #packRows} has packed
     * @param rows how many
     * @param columns of the panel that exist in C
     * @param k length of the sums
     * @param b the panel
     * @param c where the result goes
     * @param cRow bytes from one row of the result to the next
     * @param add what is added, or 0; may be c
     * @param addRow bytes from one row of the addend to the next
     */
    public void multiply(
            long a, int rows, int columns, int k, long b, long c, long cRow, long add, long addRow, long call) {
        Tiling tiling = Tiling.of(rows, width.rows());
        boolean masked = columns < TileProgram.VECTORS * width.count();
        if (masked) {
            width.masks(call + TileCall.MASKS, columns);
        }
        TileCall.set(call, TileCall.B, b);
        TileCall.set(call, TileCall.C_ROW, cRow);
        TileCall.set(call, TileCall.ADD_ROW, addRow);
        TileCall.set(call, TileCall.STEPS, k / TileCall.UNROLLED);
        TileCall.set(call, TileCall.REST, k % TileCall.UNROLLED);
        tiles(tiling.height(), tiling.count(), masked, a, c, add, k, call);
        if (tiling.rest() > 0) {
            int done = tiling.height() * tiling.count();
            long added = add == 0 ? 0 : add + done * addRow;
            tiles(tiling.rest(), 1, masked, a + (long) done * k * Float.BYTES, c + done * cRow, added, k, call);
        }
    }

    private void tiles(int height, int count, boolean masked, long a, long c, long add, int k, long call) {
        if (count == 0) {
            return;
        }
        TileCall.set(call, TileCall.A, a);
        TileCall.set(call, TileCall.C, c);
        TileCall.set(call, TileCall.ADD, add);
        TileCall.set(call, TileCall.TILES, count);
        TileCall.set(call, TileCall.A_TILE, (long) height * k * Float.BYTES);
        TileCall.set(call, TileCall.C_TILE, height * TileCall.get(call, TileCall.C_ROW));
        TileCall.set(call, TileCall.ADD_TILE, add == 0 ? 0 : height * TileCall.get(call, TileCall.ADD_ROW));
        Shape shape = new Shape(height, masked);
        MachineFunction function = tiles.get(shape);
        if (function == null) {
            function = tiles.computeIfAbsent(
                    shape,
                    some -> space.install(
                            "tiles of " + some + ", " + width,
                            new TileProgram(width, some.rows, some.masked).encode()));
        }
        function.call(call);
    }
}
